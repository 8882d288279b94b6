from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import SkipCheck
from harness.checks.rules.mtp import check_mtp_counts, check_mtp_weights
from harness.checks.subject_model import SubjectModel
from tests.fakes.built_models import changed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, Op

DEEPSEEK, HYBRID = "deepseek-ai/DeepSeek-V3", "Qwen/Qwen3.5-397B-A17B"


def test_a_model_without_prediction_blocks_is_not_judged(installed: ModelSubject) -> None:
    model = changed(installed, "meta-llama/Meta-Llama-3.1-8B")
    with pytest.raises(SkipCheck, match="no prediction blocks"):
        list(check_mtp_counts(model, model.plan))


def test_a_step_that_runs_block_embedding_and_head_for_each_draft_passes(installed: ModelSubject) -> None:
    def right(request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        ends = ("embedding", "head")
        return (replace(op, count=1.0 + request.nextn) if op.component in ends else op for op in ops)

    model = changed(installed, DEEPSEEK, right)
    assert list(check_mtp_counts(model, model.plan)) == []


def test_a_head_that_drafts_do_not_run_is_found(installed: ModelSubject) -> None:
    model = changed(installed, DEEPSEEK)
    found = {mismatch.about: mismatch for mismatch in check_mtp_counts(model, model.plan)}
    assert {*found} == {"decode.embedding", "decode.head"}
    assert (found["decode.head"].expected, found["decode.head"].actual) == ("2", "1.01639")


def test_a_block_spread_over_kinds_of_layers_is_found(installed: ModelSubject) -> None:
    model = changed(installed, HYBRID)
    found = {mismatch.about: mismatch for mismatch in check_mtp_counts(model, model.plan)}
    assert "attention.gdn 45.75" in found["decode.whole_numbers"].actual


def test_a_block_that_is_not_run_is_found(installed: ModelSubject) -> None:
    def plain(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, count=61.0) if op.part == "core" else op for op in ops)

    model = changed(installed, DEEPSEEK, plain)
    assert "decode.mixers" in {mismatch.about for mismatch in check_mtp_counts(model, model.plan)}


class _Heavier(SubjectModel):
    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        built = super().build(request)
        blocks = 2.0 * 11_610_068_224 if request and request.nextn else 0.0
        return replace(built, weight_bytes={"prefill": built.weight_bytes["prefill"] + blocks})


def test_blocks_must_lie_in_memory(installed: ModelSubject) -> None:
    model = changed(installed, DEEPSEEK)
    assert [mismatch.about for mismatch in check_mtp_weights(model, model.plan)] == ["weights"]
    heavier = _Heavier.load(installed, DEEPSEEK)
    assert list(check_mtp_weights(heavier, heavier.plan)) == []
