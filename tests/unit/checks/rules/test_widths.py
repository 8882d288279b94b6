from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import SkipCheck
from harness.checks.rules.widths import check_op_widths
from harness.checks.subject_model import SubjectModel
from tests.fakes.built_models import changed, each

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, Op
    from tests.fakes.built_models import Change

LLAMA, DEEPSEEK, MOE = "meta-llama/Meta-Llama-3.1-8B", "deepseek-ai/DeepSeek-V3", "mistralai/Mixtral-8x7B-v0.1"


def abouts(subject: ModelSubject, name: str, change: Change | None = None) -> list[str]:
    model = changed(subject, name, change) if change else changed(subject, name)
    return [mismatch.about for mismatch in check_op_widths(model, model.plan)]


@pytest.mark.parametrize("name", [LLAMA, MOE, "Qwen/Qwen3.5-397B-A17B", "openai/gpt-oss-20b"])
def test_right_widths_pass_on_one_rank_and_on_several(installed: ModelSubject, name: str) -> None:
    assert abouts(installed, name) == []


def test_an_output_projection_as_wide_as_the_stream_is_found_in_its_phase(installed: ModelSubject) -> None:
    found = abouts(installed, DEEPSEEK, each("attention.out", phase="decode", columns=7168))
    assert "decode.attention.out" in found
    assert "prefill.attention.out" not in found


def test_experts_of_no_width_are_found(installed: ModelSubject) -> None:
    def thin(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, inner=0, top=1) if op.experts else op for op in ops)

    assert abouts(installed, MOE, thin) == ["prefill.routed_experts", "decode.routed_experts"]


def test_another_window_is_found(installed: ModelSubject) -> None:
    def wider(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, window=256) if op.window else op for op in ops)

    assert abouts(installed, "openai/gpt-oss-20b", wider) == ["prefill.attention.window", "decode.attention.window"]


def test_what_only_several_ranks_show_is_told_with_their_number(installed: ModelSubject) -> None:
    def whole(request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        tp = request.layout.tp
        return (replace(op, rows=op.rows * tp) if op.part == "qkv" else op for op in ops)

    assert abouts(installed, LLAMA, whole) == ["tp2.prefill.attention.qkv", "tp2.decode.attention.qkv"]


def test_a_sum_of_another_width_than_the_stream_is_found(installed: ModelSubject) -> None:
    found = abouts(installed, LLAMA, each("communication.embedding", columns=2048))
    assert found == ["prefill.context_embedding_ar", "decode.generation_embedding_ar"]


class _Refusing(SubjectModel):
    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        if request and request.layout.tp > 1:
            raise AssertionError("fewer than 4 heads per GPU")
        return super().build(request)


def test_a_layout_that_a_release_refuses_is_not_judged(installed: ModelSubject) -> None:
    model = _Refusing(installed, SubjectModel.load(installed, "meta-llama/Meta-Llama-3.1-8B").config)
    with pytest.raises(SkipCheck, match=r"the subject refuses tp2.*: AssertionError: fewer than 4 heads per GPU"):
        list(check_op_widths(model, model.plan))
