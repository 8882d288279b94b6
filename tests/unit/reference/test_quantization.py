from __future__ import annotations

from functools import cache

import pytest

from harness.errors import ConfigError, UsageError
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.quantization import Quantization, scheme, schemes, weight_bytes
from harness.reference.counting.ranks import Layout
from harness.reference.counting.summary import fullest_rank
from harness.reference.hf_config import HFConfig, stored_models
from harness.reference.weights import Weight, linear

WEIGHT = linear("dense_ffn", "mlp.up_proj", (1000, 320))[0]
NUMBERS = 1000 * 320


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bf16", 2 * NUMBERS),
        ("fp8", NUMBERS + 4),
        ("fp8_channel", NUMBERS + 1000 * 4),
        ("fp8_block", NUMBERS + 8 * 3 * 4),
        ("mxfp8", NUMBERS + 1000 * 10),
        ("mxfp4", NUMBERS // 2 + 1000 * 10),
        ("nvfp4", NUMBERS // 2 + 1000 * 20 + 4),
        ("int4_group", NUMBERS // 2 + 1000 * 3 * 2),
    ],
)
def test_a_scheme_stores_numbers_and_scales(name: str, expected: int) -> None:
    assert scheme(name).bytes_of(WEIGHT) == expected


def test_every_expert_has_scales_of_its_own() -> None:
    experts = Weight("routed_experts", "mlp.experts.up_proj", 1000, 320, copies=8, matmul=True)
    assert scheme("nvfp4").bytes_of(experts) == 8 * scheme("nvfp4").bytes_of(WEIGHT)


def test_an_unknown_scheme_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="nvfp4"):
        scheme("fp3")
    assert {entry.compute for entry in schemes().values()} == {"bf16", "fp8", "fp4", "int8"}


loaded = cache(lambda model: (plan_for(HFConfig.load(model)), HFConfig.load(model)))


def size_of(model: str) -> int:
    plan, config = loaded(model)
    return sum(weight_bytes(plan, quantization_of(config)).values())


@pytest.mark.parametrize(
    ("model", "gigabytes"),
    [
        # Sum of the safetensors files of the published checkpoint; it has no prediction blocks and no vision tower.
        ("openai/gpt-oss-120b", 65.25),
        ("openai/gpt-oss-20b", 13.76),
        ("Qwen/Qwen3-8B", 16.38),
        ("meta-llama/Meta-Llama-3.1-8B", 16.06),
    ],
)
def test_a_checkpoint_is_as_large_as_published(model: str, gigabytes: float) -> None:
    assert size_of(model) / 1e9 == pytest.approx(gigabytes, rel=0.002)


def test_what_is_excluded_by_name_stays_wide() -> None:
    plan, config = loaded("nvidia/GLM-5.1-NVFP4")
    quantization = quantization_of(config)

    def stored(layer: int, module: str) -> str:
        weight = next(weight for weight in plan.layers[layer].weights() if weight.name == module and weight.matmul)
        found = quantization.scheme_of(layer, weight)
        return found.name if found else "bf16"

    # "model.layers.0*" excludes a whole layer, "model.layers.10.self_attn*" one part of another.
    assert stored(0, "mlp.up_proj") == "bf16"
    assert stored(10, "self_attn.o_proj") == "bf16"
    assert stored(10, "mlp.shared_experts.up_proj") == "bf16"
    assert stored(10, "mlp.experts.up_proj") == "nvfp4"
    assert stored(10, "mlp.gate") == "bf16"


def test_regular_expressions_exclude_as_well() -> None:
    plan, config = loaded("moonshotai/Kimi-K2.5")
    quantization = quantization_of(config)
    by_name = {weight.name: weight for weight in plan.layers[5].weights() if weight.matmul}
    assert quantization.scheme_of(5, by_name["self_attn.o_proj"]) is None
    experts = quantization.scheme_of(5, by_name["mlp.experts.down_proj"])
    assert experts is not None
    assert (experts.name, experts.block) == ("int4_group", (1, 32))


def test_a_mixed_checkpoint_has_a_scheme_for_each_module() -> None:
    plan, config = loaded("nvidia/MiniMax-M3-NVFP4")
    quantization = quantization_of(config)
    names = set()
    for index, layer in enumerate(plan.layers):
        for weight in layer.weights():
            found = quantization.scheme_of(index, weight)
            names.add((weight.component, found.name if found else "bf16"))
    assert ("routed_experts", "nvfp4") in names
    assert ("dense_ffn", "mxfp8") in names
    assert ("router", "bf16") in names


def test_experts_of_deepseek_v4_are_narrower_than_the_rest() -> None:
    plan, config = loaded("deepseek-ai/DeepSeek-V4-Flash")
    by_component = weight_bytes(plan, quantization_of(config))
    routed = 43 * 256 * 3 * 4096 * 2048
    assert by_component["routed_experts"] == routed // 2 + routed // 32


@pytest.mark.parametrize("model", stored_models())
def test_no_stored_checkpoint_is_larger_than_bfloat16(model: str) -> None:
    plan, config = loaded(model)
    wide = sum(weight_bytes(plan, Quantization.unquantized()).values())
    assert wide / 4 < size_of(model) <= wide
    # A checkpoint that says that it is quantized is smaller.
    says_so = any(word in model for word in ("FP8", "NVFP4", "gpt-oss", "Kimi-K", "DeepSeek"))
    assert (size_of(model) < wide) is (says_so or config.has("quantization_config"))


def test_an_unknown_method_is_one_error() -> None:
    config = HFConfig("config.json", {"quantization_config": {"quant_method": "magic"}})
    with pytest.raises(ConfigError, match=r"quantization_config\.quant_method: found 'magic'"):
        quantization_of(config)
    with pytest.raises(ConfigError, match="quant_algo"):
        quantization_of(HFConfig("config.json", {"quantization_config": {"quant_algo": "FP7"}}))


def test_ranks_hold_their_part_of_the_bytes() -> None:
    plan, config = loaded("Qwen/Qwen3-235B-A22B-FP8")
    whole = size_of("Qwen/Qwen3-235B-A22B-FP8")
    part = fullest_rank(plan, quantization_of(config), Layout(tp=4, ep=4), (1024,))
    norms_and_router = sum(
        size for name, size in weight_bytes(plan, quantization_of(config)).items() if name in ("norms", "router")
    )
    assert part.weight_bytes == pytest.approx((whole - norms_and_router) / 4 + norms_and_router, rel=1e-4)


@pytest.mark.parametrize("name", ["nvidia/Qwen3.5-122B-A10B-NVFP4", "nvidia/Qwen3.5-397B-A17B-NVFP4"])
def test_a_pattern_for_a_prediction_block_excludes_no_layer_of_the_decoder(name: str) -> None:
    # `mtp.layers.0*` is the first prediction block, not layer 0.
    config = HFConfig.load(name)
    quantization = quantization_of(config)
    experts = [weight for weight in plan_for(config).layers[0].ffn.weights() if weight.component == "routed_experts"]
    found = [quantization.scheme_of(0, weight) for weight in experts]
    assert [one.name for one in found if one] == ["nvfp4"] * len(experts)
