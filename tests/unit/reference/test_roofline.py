from __future__ import annotations

from functools import cache

import pytest

from harness.errors import UsageError
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.parameters import count_parameters
from harness.reference.counting.quantization import Quantization
from harness.reference.counting.ranks import Layout
from harness.reference.counting.work import decode, prefill, spread_experts
from harness.reference.hf_config import HFConfig, stored_models
from harness.reference.roofline import Roofline, decode_bound, prefill_bound, system, systems

plan = cache(lambda model: plan_for(HFConfig.load(model)))
BF16 = Quantization.unquantized()
LLAMA = "meta-llama/Meta-Llama-3.1-8B"


def test_decode_of_a_dense_model_by_hand() -> None:
    found = count_parameters(plan(LLAMA)).by_component
    work = decode(plan(LLAMA), BF16, 1, 1000)
    linear = found["attention.full"] + found["dense_ffn"] + found["head"]
    attention = 32 * 32 * 2 * 128 * 1000
    assert work.total_flops == 2 * linear + 2 * attention
    assert work.weight_bytes == 2 * (linear + found["norms"] + 4096)
    assert work.cache_read == 32 * 2 * 8 * 128 * 2 * 1000
    assert work.cache_written == 32 * 2 * 8 * 128 * 2


def test_prefill_is_as_much_work_as_decoding_its_tokens_but_for_the_head() -> None:
    model = plan(LLAMA)
    head = 2 * count_parameters(model).by_component["head"]
    steps = sum(decode(model, BF16, 1, position).total_flops - head for position in range(1, 65))
    assert prefill(model, BF16, 1, 64).total_flops == steps + head


@pytest.mark.parametrize("model", stored_models())
def test_a_cached_prefix_saves_its_own_work(model: str) -> None:
    whole, rest = prefill(plan(model), BF16, 1, 5000), prefill(plan(model), BF16, 1, 1000, 4000)
    first = prefill(plan(model), BF16, 1, 4000)
    assert rest.total_flops < whole.total_flops
    assert rest.cache_read > 0 == whole.cache_read
    # Latents may be worth unfolding for the whole, but not for the rest alone; the head runs twice.
    assert rest.total_flops + first.total_flops >= whole.total_flops


def test_a_window_bounds_the_work_of_a_step() -> None:
    model = plan("openai/gpt-oss-120b")
    grown = decode(model, BF16, 1, 64000).total_flops - decode(model, BF16, 1, 32000).total_flops
    assert grown == 18 * 2 * 64 * (64 + 64) * 32000


def test_sparse_attention_reads_what_it_picks() -> None:
    model = plan("deepseek-ai/DeepSeek-V3.2")
    read = decode(model, BF16, 1, 100_000).cache_read
    assert read == 61 * 2 * (2048 * 576 + 100_000 * 128)


def test_experts_are_read_as_tokens_choose_them() -> None:
    model = plan("mistralai/Mixtral-8x7B-v0.1")
    experts = 2 * count_parameters(model).by_component["routed_experts"]
    fewest = decode(model, BF16, 64, 10)
    spread = decode(model, BF16, 64, 10, experts=spread_experts)
    assert spread.weight_bytes - fewest.weight_bytes == experts * 6 // 8
    assert decode(model, BF16, 1, 10, experts=spread_experts).weight_bytes == decode(model, BF16, 1, 10).weight_bytes


def test_work_is_done_in_the_datatype_of_the_checkpoint() -> None:
    quantized = quantization_of(HFConfig.load("nvidia/Qwen3-235B-A22B-NVFP4"))
    work = prefill(plan("nvidia/Qwen3-235B-A22B-NVFP4"), quantized, 1, 1000)
    assert set(work.flops) == {"fp4", "fp8", "bf16"}
    assert work.flops["fp4"] > work.flops["bf16"]


def test_a_gpu_without_a_datatype_uses_the_next_wider_one() -> None:
    assert system("a100_sxm").speed("fp4") == system("a100_sxm").flops["bf16"]
    assert system("h100_sxm").speed("fp4") == system("h100_sxm").flops["fp8"]


def test_the_bound_of_a_dense_decode_step_is_the_memory_bus() -> None:
    bound = decode_bound(plan(LLAMA), BF16, system("h100_sxm"), Layout(), batch=1, context=1)
    assert bound.total == bound.memory == pytest.approx(15.0e9 / 3.35e12 * 1e3, rel=0.01)
    assert bound.links == 0


def test_the_bound_of_a_prefill_is_the_matrix_units() -> None:
    bound = prefill_bound(plan(LLAMA), BF16, system("h100_sxm"), Layout(), batch=1, isl=4000)
    flops = 2 * 6.98e9 * 4000 + 32 * 4 * 32 * 128 * 4000 * 4001 / 2
    assert bound.total == bound.compute == pytest.approx(flops / 989.5e12 * 1e3, rel=0.01)


@pytest.mark.parametrize("name", sorted(systems()))
def test_more_work_never_takes_less_time_and_more_gpus_never_more_but_for_links(name: str) -> None:
    model, gpu = plan("Qwen/Qwen3-30B-A3B"), system(name)
    steps = [
        decode_bound(model, BF16, gpu, Layout(), batch=batch, context=context).total
        for batch, context in ((1, 100), (1, 1000), (8, 1000), (64, 1000), (64, 30000))
    ]
    assert steps == sorted(steps)
    one, four = (prefill_bound(model, BF16, gpu, Layout(tp=tp), batch=4, isl=2000) for tp in (1, 4))
    assert four.compute == pytest.approx(one.compute / 4)
    assert four.links > one.links == 0


def test_stages_do_not_shorten_a_decode_step_that_reads_weights() -> None:
    model, gpu = plan(LLAMA), system("h100_sxm")
    one, four = (decode_bound(model, BF16, gpu, Layout(pp=pp), batch=1, context=10) for pp in (1, 4))
    assert four.memory == pytest.approx(one.memory, rel=1e-3)


def test_an_attention_dp_group_reads_its_own_copy_of_attention() -> None:
    model, gpu = plan("deepseek-ai/DeepSeek-V3"), system("h200_sxm")
    apart, together = (
        decode_bound(model, BF16, gpu, layout, batch=8, context=10).memory
        for layout in (Layout(dp=8, ep=8), Layout(tp=8, ep=8))
    )
    attention = 2 * count_parameters(model).by_component["attention.mla"]
    whole = 2 * 61 * (1536 + 576) * 7168
    assert (apart - together) / 1e3 * gpu.memory_bandwidth == pytest.approx((attention - whole) * 7 / 8, rel=1e-6)


def test_a_block_that_layers_share_is_read_once() -> None:
    from pathlib import Path  # noqa: PLC0415 - only here

    model = plan_for(HFConfig.load(Path(__file__).with_name("hybrids") / "Zyphra--Zamba2-1.2B_config.json"))
    assert decode(model, BF16, 1, 10).weight_bytes == 2 * (count_parameters(model).total + model.hidden)


def test_an_unknown_gpu_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="h200_sxm"):
        system("h300")


def test_every_gpu_names_its_source() -> None:
    for entry in systems().values():
        assert entry.source
        assert "bf16" in entry.flops


@pytest.mark.parametrize("model", [LLAMA, "Qwen/Qwen3-0.6B", "Qwen/Qwen3.5-397B-A17B"])  # the second has a tied head
def test_a_bound_is_made_of_what_the_step_works(model: str) -> None:
    gpu, bf16 = system("h100_sxm"), plan(model)
    step, prompt = decode(bf16, BF16, 3, 100), prefill(bf16, BF16, 2, 50, 10)
    bounds = Roofline(bf16, BF16)
    for work, bound in (
        (step, bounds.decode(gpu, Layout(), batch=3, context=100)),
        (prompt, bounds.prefill(gpu, Layout(), batch=2, isl=50, prefix=10)),
    ):
        assert bound.memory == pytest.approx(work.total_bytes / gpu.memory_bandwidth * 1e3, rel=1e-12)
        assert bound.compute == pytest.approx(work.total_flops / gpu.speed("bf16") * 1e3, rel=1e-12)
