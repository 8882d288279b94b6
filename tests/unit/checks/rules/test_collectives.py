from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.collectives import check_expert_exchanges, check_tensor_collectives
from tests.fakes.built_models import changed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.subjects.models import BuildRequest, ModelSubject, Op
    from tests.fakes.built_models import Change

LLAMA, MOE = "meta-llama/Meta-Llama-3.1-8B", "mistralai/Mixtral-8x7B-v0.1"


def abouts(subject: ModelSubject, name: str, change: Change | None = None) -> list[str]:
    model = changed(subject, name, change) if change else changed(subject, name)
    return [mismatch.about for mismatch in check_tensor_collectives(model, model.plan)]


@pytest.mark.parametrize("name", [LLAMA, MOE, "zai-org/GLM-5", "Qwen/Qwen3.5-27B"])
def test_one_sum_behind_each_half_of_a_layer_passes(installed: ModelSubject, name: str) -> None:
    assert abouts(installed, name) == []


def test_a_third_sum_for_each_expert_layer_is_found(installed: ModelSubject) -> None:
    model = changed(installed, "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")
    (found, *_) = [m for m in check_tensor_collectives(model, model.plan) if m.about == "ep8.decode.layers"]
    assert (found.expected, found.actual.split(":")[0]) == ("52", "98")


def test_a_missing_sum_behind_the_mixers_is_found(installed: ModelSubject) -> None:
    def without(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (op for op in ops if not op.name.endswith("_ar_1"))

    assert abouts(installed, LLAMA, without) == ["tp8.prefill.layers", "tp8.decode.layers"]


def test_a_divided_embedding_needs_a_sum_and_a_whole_one_none(installed: ModelSubject) -> None:
    def without(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (op for op in ops if op.part != "embedding")

    def whole(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, rows=128256) if op.component == "embedding" else op for op in ops)

    for change in (without, whole):
        assert abouts(installed, LLAMA, change) == ["tp8.prefill.embedding", "tp8.decode.embedding"]


def test_attention_parallel_ranks_send_there_and_back_once(installed: ModelSubject) -> None:
    def one_way(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (op for op in ops if op.part != "combine")

    right, wrong = changed(installed, MOE), changed(installed, MOE, one_way)
    assert list(check_expert_exchanges(right, right.plan)) == []
    assert [m.about for m in check_expert_exchanges(wrong, wrong.plan)] == ["dp8.prefill", "dp8.decode"]
