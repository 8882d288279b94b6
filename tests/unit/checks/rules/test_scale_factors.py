from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.scale_factors import check_layer_counts, check_pipeline_counts
from tests.fakes.built_models import changed, each

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.subjects.models import BuildRequest, ModelSubject, Op
    from tests.fakes.built_models import Change

LLAMA, DEEPSEEK, HYBRID = "meta-llama/Meta-Llama-3.1-8B", "deepseek-ai/DeepSeek-V3", "Qwen/Qwen3.5-27B"


def abouts(subject: ModelSubject, name: str, change: Change | None = None) -> list[str]:
    model = changed(subject, name, change) if change else changed(subject, name)
    return [mismatch.about for mismatch in check_layer_counts(model, model.plan)]


@pytest.mark.parametrize(
    "name",
    [
        LLAMA,
        HYBRID,
        "openai/gpt-oss-20b",
        "google/gemma-4-26B-A4B",
        "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8",
        "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
        "stepfun-ai/Step-3.7-Flash",
    ],
)
def test_right_counts_pass(installed: ModelSubject, name: str) -> None:
    assert [about for about in abouts(installed, name) if about != "prefill.head"] == []


def test_first_dense_layers_taken_for_moe_are_found_part_by_part(installed: ModelSubject) -> None:
    model = changed(installed, DEEPSEEK)
    found = {mismatch.about: mismatch for mismatch in check_layer_counts(model, model.plan)}
    for phase in ("prefill", "decode"):
        for part in ("routed_experts", "router", "shared_experts.in", "shared_experts.out"):
            assert (found[f"{phase}.{part}"].expected, found[f"{phase}.{part}"].actual) == ("58 layers", "61")
        assert found[f"{phase}.dense_ffn.in"].actual == "0"
    assert "first_k_dense_replace = 3" in found["prefill.router"].arithmetic


def test_a_gate_runs_in_the_layers_of_the_projection_beside_it(installed: ModelSubject) -> None:
    def apart(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        for op in ops:
            yield op
            if (op.component, op.part) == ("dense_ffn", "in"):
                yield replace(op, part="gate", count=op.count + int(op.name.startswith("generation")))

    assert abouts(installed, LLAMA, apart) == ["decode.dense_ffn.gate"]


def test_one_count_for_all_kinds_of_layers_is_found(installed: ModelSubject) -> None:
    found = abouts(installed, HYBRID, each("attention.core", count=64.0))
    assert {"prefill.attention.gdn", "prefill.attention.full", "decode.attention.gdn"} <= {*found}


def test_a_fraction_of_a_layer_is_found(installed: ModelSubject) -> None:
    assert abouts(installed, LLAMA, each("dense_ffn.out", phase="decode", count=32.5)) == ["decode.dense_ffn.out"]


def test_a_second_way_to_price_the_same_work_is_judged_by_itself(installed: ModelSubject) -> None:
    def other(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, count=58.0) if op.alternative else op for op in ops)

    found = {*abouts(installed, DEEPSEEK, other)} - {*abouts(installed, DEEPSEEK)}
    assert found == {"prefill.attention.mla:context_mla_block", "decode.attention.mla:generation_mla_block"}


def test_a_mixer_that_is_left_out_is_found(installed: ModelSubject) -> None:
    def without(_request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (op for op in ops if op.mixer != "gdn")

    mixer = {"prefill.attention.gdn", "decode.attention.gdn"}
    # The output projections of all mixers are counted together, for their names do not tell whose they are.
    assert {*abouts(installed, HYBRID, without)} == {*mixer, "prefill.attention.out", "decode.attention.out"}


def test_pipeline_stages_that_change_counts_are_found(installed: ModelSubject) -> None:
    def halved(request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (replace(op, count=op.count / request.layout.pp) for op in ops)

    right, wrong = changed(installed, LLAMA), changed(installed, LLAMA, halved)
    assert list(check_pipeline_counts(right, right.plan)) == []
    found = {mismatch.about for mismatch in check_pipeline_counts(wrong, wrong.plan)}
    assert {"prefill.dense_ffn.in", "decode.attention.full", "decode.transfers"} <= found
