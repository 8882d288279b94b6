"""How often each op runs, against counts by hand and against those that the checks of a subject's ops expect."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from harness.checks.matrices import PRICED_AS, expected_of
from harness.guide.reading import read
from harness.guide.scaffold.ops import EXPERTS, FEED_FORWARD, Row, ranges, rows
from harness.guide.scaffold.words import kernels, op_of
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models
from tests.fakes.guide import FOLDERS, located

if TYPE_CHECKING:
    from harness.reference.layers import LayerPlan

STRANGE = tuple(sorted(path.name.removesuffix("_config.json") for folder in FOLDERS for path in folder.glob("*.json")))
ALL = (*stored_models(), *STRANGE)


@cache
def plan_of(model: str) -> LayerPlan:
    return read(HFConfig.load(located(model))).plan


def counts(model: str) -> dict[tuple[str, str], tuple[str, str]]:
    return {(row.group, row.op): (row.context, row.generation) for row in rows(plan_of(model))}


@pytest.mark.parametrize(
    ("model", "group", "op", "count", "layers"),
    [
        # 60 layers, every fourth of them full.
        ("Qwen/Qwen3.5-397B-A17B", "gdn", "short convolution", "45", "layers 0-2, 4-6, 8-10, ..., 56-58"),
        ("Qwen/Qwen3.5-397B-A17B", "full", "attention core", "15", "layers 3, 7, 11, ..., 59"),
        ("Qwen/Qwen3.5-397B-A17B", FEED_FORWARD, EXPERTS, "60", "all layers"),
        ("Qwen/Qwen3.5-397B-A17B", FEED_FORWARD, "gate of the shared experts", "60", "all layers"),
        # 48 layers: 9 full, a dense first one.
        ("XiaomiMiMo/MiMo-V2-Flash", "full", "q, k, v projection", "9", "layers 0, 5, 11, ..., 47"),
        (
            "XiaomiMiMo/MiMo-V2-Flash",
            "window",
            "attention core, window of 128 tokens",
            "39",
            "layers 1-4, 6-10, 12-16, ..., 42-46",
        ),
        ("XiaomiMiMo/MiMo-V2-Flash", FEED_FORWARD, "router", "47", "layers 1-47"),
        ("XiaomiMiMo/MiMo-V2-Flash", FEED_FORWARD, "dense feed-forward: down projection", "1", "layer 0"),
        # 118 letters: 54 M, 10 *, 54 -.
        ("nvidia/Nemotron-H-56B-Base-8K", "mamba2", "input projection", "54", "layers 0, 2, 4, ..., 116"),
        ("nvidia/Nemotron-H-56B-Base-8K", "full", "output projection", "10", "layers 7, 18, 29, ..., 106"),
        # 78 layers that all attend to picked tokens; 21 pick them.
        (
            "zai-org/GLM-5.2",
            "dsa",
            "scores of the indexer, and the pick of tokens",
            "21",
            "layers 0-2, 6, 10, ..., 74",
        ),
        ("zai-org/GLM-5.2", "dsa", "query projection", "78", "all layers"),
        # 93 layers: 69 KDA and 24 MLA, the first dense.
        ("moonshotai/Kimi-K3", "kda", "q, k, v projection", "69", "layers 0-2, 4-6, 8-10, ..., 88-90"),
        ("moonshotai/Kimi-K3", "mla", "output gate", "24", "layers 3, 7, 11, ..., 91-92"),
        ("moonshotai/Kimi-K3", FEED_FORWARD, "projection into the experts' space", "92", "layers 1-92"),
        # 32 layers: attention in every eighth, experts in every second.
        ("ai21labs--Jamba-v0.1", "full", "attention core", "4", "layers 4, 12, 20, 28"),
        ("ai21labs--Jamba-v0.1", FEED_FORWARD, EXPERTS, "16", "layers 1, 3, 5, ..., 31"),
        ("ai21labs--Jamba-v0.1", "between ranks", "dispatch to the experts, with expert or attention-data parallelism",
         "16", "layers 1, 3, 5, ..., 31"),
        # 38 Mamba layers, six of them behind a shared attention layer.
        ("Zyphra--Zamba2-1.2B", "mamba2", "output projection", "38", "all layers"),
        ("Zyphra--Zamba2-1.2B", "full", "attention core", "6", "layers 5, 11, 17, ..., 35"),
    ],
)  # fmt: skip
def test_counts_by_hand(model: str, group: str, op: str, count: str, layers: str) -> None:
    (row,) = (row for row in rows(plan_of(model)) if (row.group, row.op) == (group, op))
    assert (row.context, row.generation, row.why) == (count, count, layers)


@pytest.mark.parametrize("model", ALL)
def test_counts_are_those_that_checks_expect_of_a_subject(model: str) -> None:
    plan = plan_of(model)
    expected, found = expected_of(plan), rows(plan)
    cores: dict[str, int] = {}
    for row in found:
        last = kernels(row.group)[-1].partition(",")[0]
        if row.op.startswith(last) and row.op != "output projection":
            kind = PRICED_AS.get(row.group, row.group)
            cores[kind] = cores.get(kind, 0) + int(row.context)
    assert cores == {kind: kernel.total() for kind, kernel in expected.kernels.items()}
    experts = [int(row.context) for row in found if row.op == EXPERTS]
    assert sum(experts) == expected.experts.total()


@pytest.mark.parametrize("model", ALL)
def test_every_matrix_of_every_layer_is_in_the_table(model: str) -> None:
    plan = plan_of(model)
    rules = {
        op_of(weight.component, weight.name).op
        for _, _, weights in plan.distinct
        for weight in weights
        if weight.matmul
    }
    assert rules <= {row.op for row in rows(plan)}


@pytest.mark.parametrize("model", ALL)
def test_every_mixer_and_matrix_has_words(model: str) -> None:
    for row in rows(plan_of(model)):
        assert "`" not in row.op
        assert not row.op.endswith(" kernel")


def test_drafted_tokens_run_embedding_head_and_block_once_more() -> None:
    drafted = counts("deepseek-ai/DeepSeek-V3")
    assert drafted["outside the layers", "embedding"] == ("1", "1 + n")
    assert drafted["outside the layers", "head"] == ("1", "1 + n")
    assert drafted["prediction (MTP)", "prediction block with its own ops"] == ("0", "n")
    assert drafted["mla", "query projection"] == ("61", "61")
    assert counts("moonshotai/Kimi-K2-Instruct")["outside the layers", "head"] == ("1", "1")


def test_prediction_that_the_plan_does_not_count_is_told_apart() -> None:
    plan = plan_of("zai-org--GLM-4.5-Air")
    (row,) = (row for row in rows(plan, predicting=True) if row.group == "prediction (MTP)")
    assert row == Row(
        "prediction (MTP)",
        "prediction block with its own ops",
        "0",
        "n",
        "no field says what it holds",
        "once for each drafted token",
    )
    assert not any(row.group == "prediction (MTP)" for row in rows(plan))


def test_sizes_that_differ_between_layers_are_counted() -> None:
    (row,) = (
        row for row in rows(plan_of("nvidia/Llama-3_3-Nemotron-Super-49B-v1")) if row.op.endswith("down projection")
    )
    assert row.size.startswith("28672 -> 8192 (49 layers); ")
    assert row.size.endswith("; 3 more sizes")


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([0, 1, 2], "all layers"),
        ([1], "layer 1"),
        ([0, 2], "layers 0, 2"),
        ([0, 1], "layers 0-1"),
    ],
)
def test_ranges(layers: list[int], said: str) -> None:
    assert ranges(layers, 3) == said
