from __future__ import annotations

from functools import cache

import pytest

from harness.errors import UsageError
from harness.reference.architectures import plan_for
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import count_parameters
from harness.reference.counting.quantization import Quantization
from harness.reference.counting.ranks import (
    Layout,
    Rank,
    check_layout,
    rank_parameters,
    ranks_of,
    stages,
)
from harness.reference.counting.summary import fullest_rank
from harness.reference.hf_config import HFConfig

plan = cache(lambda model: plan_for(HFConfig.load(model)))


def test_one_rank_holds_everything() -> None:
    for model in ("Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-V4-Pro", "nvidia/Nemotron-H-56B-Base-8K"):
        assert rank_parameters(plan(model), Layout(), Rank()) == count_parameters(plan(model)).total


def test_tensor_parallel_ranks_sum_back_but_for_what_each_keeps_whole() -> None:
    model, layout = plan("Qwen/Qwen3-8B"), Layout(tp=4)
    held = sum(rank_parameters(model, layout, rank) for rank in ranks_of(layout))
    found = count_parameters(model)
    assert held == found.total + 3 * found.by_component["norms"]


def test_key_value_heads_are_copied_where_there_are_fewer_than_ranks() -> None:
    model = plan("Qwen/Qwen3-235B-A22B")
    kv = 94 * 2 * 4 * 128 * 4096
    two, eight = (sum(rank_parameters(model, Layout(tp=tp), rank) for rank in ranks_of(Layout(tp=tp))) for tp in (4, 8))
    found = count_parameters(model)
    whole = found.by_component["norms"] + found.by_component["router"]
    assert two == found.total + 3 * whole
    assert eight == found.total + 7 * whole + kv
    assert kv_cache_bytes(model.layers, 1000, tp=4) * 4 == kv_cache_bytes(model.layers, 1000)
    assert kv_cache_bytes(model.layers, 1000, tp=8) == kv_cache_bytes(model.layers, 1000, tp=4)


def test_a_latent_cache_is_whole_on_every_rank() -> None:
    model = plan("deepseek-ai/DeepSeek-V3")
    assert kv_cache_bytes(model.layers, 4096, tp=8) == kv_cache_bytes(model.layers, 4096)


def test_recurrent_state_is_divided_by_heads() -> None:
    model = plan("Qwen/Qwen3.5-397B-A17B")
    assert state_bytes(model.layers, tp=8) * 8 == state_bytes(model.layers)


def test_experts_are_dealt_out_and_the_rest_is_copied_under_attention_dp() -> None:
    model, layout = plan("deepseek-ai/DeepSeek-V3"), Layout(tp=1, dp=8, ep=8)
    found = count_parameters(model)
    experts = found.by_component["routed_experts"]
    for rank in ranks_of(layout):
        assert rank_parameters(model, layout, rank) == found.total - experts + experts // 8


def test_experts_that_cannot_be_dealt_out_evenly_go_to_the_first_ranks() -> None:
    model, layout = plan("mistralai/Mixtral-8x7B-v0.1"), Layout(tp=1, dp=3, ep=3)
    experts = count_parameters(model).by_component["routed_experts"]
    rest = count_parameters(model).total - experts
    held = [rank_parameters(model, layout, rank) - rest for rank in ranks_of(layout)]
    assert held == [experts * 3 // 8, experts * 3 // 8, experts * 2 // 8]


def test_stages_have_neighbouring_layers_and_sum_back() -> None:
    model, layout = plan("deepseek-ai/DeepSeek-V3"), Layout(pp=4)
    parts = stages(model, 4)
    assert [len(part) for part in parts] == [16, 15, 15, 15]
    assert sum(parts, ()) == model.layers
    held = sum(rank_parameters(model, layout, rank) for rank in ranks_of(layout))
    assert held == count_parameters(model).total
    assert sum(kv_cache_bytes(part, 4096) for part in parts) == kv_cache_bytes(model.layers, 4096)


def test_a_tied_head_is_stored_on_both_ends() -> None:
    model, layout = plan("Qwen/Qwen3-0.6B"), Layout(pp=2)
    held = sum(rank_parameters(model, layout, rank) for rank in ranks_of(layout))
    found = count_parameters(model)
    assert held == found.total + found.by_component["embedding"]


@pytest.mark.parametrize(
    ("layout", "option"),
    [
        (Layout(tp=3), "--tp"),
        (Layout(tp=0), "--tp"),
        (Layout(pp=37), "--pp"),
        (Layout(ep=3), "--ep"),
        (Layout(dp=-1), "--dp"),
    ],
)
def test_a_layout_that_cuts_heads_is_refused(layout: Layout, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_layout(plan("Qwen/Qwen3-8B"), layout)
    assert caught.value.where == option


def test_more_expert_ranks_than_experts_are_refused() -> None:
    with pytest.raises(UsageError, match="at most the 8 experts"):
        check_layout(plan("mistralai/Mixtral-8x7B-v0.1"), Layout(tp=16, ep=16))


def test_the_fullest_rank_is_the_largest_of_all() -> None:
    model, layout = plan("Qwen/Qwen3.5-397B-A17B"), Layout(tp=2, pp=3, dp=2, ep=4)
    fullest = fullest_rank(model, Quantization.unquantized(), layout, (1, 1024))
    assert fullest.parameters == max(rank_parameters(model, layout, rank) for rank in ranks_of(layout))
    assert fullest.weight_bytes == 2 * fullest.parameters
    assert fullest.kv_cache_bytes[1024] == 1024 * fullest.kv_cache_bytes[1]
