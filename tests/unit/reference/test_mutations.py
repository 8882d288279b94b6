"""Real configs, changed at random: the outcome is a plan that agrees with itself, or one clear error."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ConfigError, UsageError
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import count_parameters
from harness.reference.counting.quantization import Quantization, weight_bytes
from harness.reference.counting.ranks import Layout, check_layout, ranks_of, stage_weights, weight_share
from harness.reference.counting.work import decode, prefill
from harness.reference.hf_config import HFConfig, stored_models
from harness.reference.layers import OUTSIDE, LayerPlan
from harness.reference.weights import Split

HYBRIDS = sorted(Path(__file__).with_name("hybrids").glob("*_config.json"))
SOURCES = [HFConfig.load(model).source for model in stored_models()] + [str(path) for path in HYBRIDS]
VALUES: list[object] = [
    None, -1, 0, 1, 2, 3, 7, 128, 2**40, 2**70, 1.5, 1e300, float("nan"), float("inf"), True, False, "", "x", "MM*",
    [], [1], [None], [True], ["full_attention"], {}, {"a": 1},
]  # fmt: skip

raw = cache(lambda source: json.loads(Path(source).read_text(encoding="utf-8")))


def fields_of(value: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, item in value.items():
        found.append((*path, key))
        if isinstance(item, dict) and key != "quantized_layers":
            found += fields_of(item, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(raw(draw(st.sampled_from(SOURCES))))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(fields_of(document)))
        holder = document
        for parent in parents:
            holder = holder[parent]
        value = holder[last]
        match draw(st.sampled_from(["delete", "replace", "nudge", "shorten", "element"])):
            case "delete":
                del holder[last]
            case "nudge" if isinstance(value, int):
                holder[last] = value + draw(st.sampled_from([-1, 1, 100]))
            case "shorten" if isinstance(value, list | str):
                holder[last] = value[: draw(st.integers(0, len(value)))]
            case "element" if isinstance(value, list) and value:
                value[draw(st.integers(0, len(value) - 1))] = draw(st.sampled_from(VALUES))
            case _:
                holder[last] = draw(st.sampled_from(VALUES))
    return document


def agrees_with_itself(plan: LayerPlan, text: HFConfig) -> None:
    found = count_parameters(plan)
    assert sum(size for name, size in found.by_component.items() if name not in OUTSIDE) == found.total
    assert 0 < found.active <= found.total
    assert text.integer_or(len(plan.layers), "num_hidden_layers") == len(plan.layers)
    sizes = [kv_cache_bytes(plan.layers, length) for length in (1, 2, 129, 10_000, 200_000)]
    assert sizes == sorted(sizes)
    assert state_bytes(plan.layers) >= 0
    assert str(plan)
    bf16 = Quantization.unquantized()
    assert sum(weight_bytes(plan, bf16).values()) == 2 * found.total
    assert prefill(plan, bf16, 1, 64).total_flops > decode(plan, bf16, 1, 64).total_flops > 0


def is_clear(error: ConfigError) -> None:
    assert error.where.startswith("config.json")
    assert error.found
    assert error.expected
    assert len(str(error)) < 2500


def shards_sum_back(plan: LayerPlan, layout: Layout) -> None:
    stored = [weights for stage in stage_weights(plan, layout) for _, weights in stage]
    once = [rank for rank in ranks_of(layout) if rank.stage == 0]
    for weight in set(stored):
        total = sum(weight_share(weight, layout, rank) for rank in once)
        if weight.split is Split.EXPERTS:
            assert total == 1
        elif weight.split is Split.WHOLE or weight.units < layout.tp:
            assert total * min(weight.units, layout.tp) >= layout.dp
        else:
            assert total == layout.dp


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(), st.sampled_from([Layout(tp=2), Layout(tp=4, ep=2), Layout(tp=2, dp=2, ep=4), Layout(tp=1, pp=2)]))
def test_a_changed_config_gives_a_consistent_plan_or_one_clear_error(document: dict[str, Any], layout: Layout) -> None:
    config = HFConfig("config.json", document)
    try:
        plan = plan_for(config)
    except ConfigError as error:
        is_clear(error)
        return
    agrees_with_itself(plan, config.text())
    try:
        check_layout(plan, layout)
    except UsageError:
        pass
    else:
        shards_sum_back(plan, layout)
    try:
        assert weight_bytes(plan, quantization_of(config))
    except ConfigError as error:
        is_clear(error)
