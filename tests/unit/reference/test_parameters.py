from __future__ import annotations

import re
from functools import cache

import pytest

from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import Parameters, count_parameters, decoder_weights
from harness.reference.hf_config import HFConfig, stored_models
from harness.reference.layers import OUTSIDE, LayerPlan

plan = cache(lambda model: plan_for(HFConfig.load(model)))


def counted(model: str) -> Parameters:
    return count_parameters(plan(model))


@pytest.mark.parametrize("model", stored_models())
def test_components_sum_to_the_total(model: str) -> None:
    found = counted(model)
    assert sum(size for name, size in found.by_component.items() if name not in OUTSIDE) == found.total
    assert sum(weight.parameters for _, weight in decoder_weights(plan(model))) == found.total
    assert sum(found.by_layer_kind.values()) == found.total - sum(weight.parameters for weight in plan(model).ends)
    assert set(found.by_layer_kind) == {"+".join(kinds) for kinds in plan(model).kinds}
    assert 0 < found.active <= found.total
    assert (found.active < found.total) is plan(model).is_moe


def test_a_model_by_hand() -> None:
    # Qwen3-8B: 36 layers of width 4096, 32 heads and 8 K/V heads of 128, feed-forward 12288, 151936 words.
    found = counted("Qwen/Qwen3-8B")
    attention = 36 * (4096 * 32 * 128 * 2 + 4096 * 8 * 128 * 2)
    assert found.by_component == {
        "attention.full": attention,
        "dense_ffn": 36 * 3 * 4096 * 12288,
        "embedding": 151936 * 4096,
        "head": 151936 * 4096,
        "norms": 36 * (2 * 4096 + 2 * 128) + 4096,
    }


def test_prediction_blocks_are_beside_the_total() -> None:
    # One expert layer, the joining projection and three norms.
    deepseek = plan("deepseek-ai/DeepSeek-V3")
    layer = sum(weight.parameters for weight in deepseek.layers[-1].weights())
    found = count_parameters(deepseek)
    assert found.by_component["mtp"] == layer + 2 * 7168 * 7168 + 3 * 7168
    assert found.total == 671026419200


def test_the_prediction_block_of_glm_has_an_indexer_though_its_last_layer_has_none() -> None:
    glm = plan("zai-org/GLM-5.3")
    last = sum(weight.parameters for weight in glm.layers[-1].weights())
    indexer = 32 * 128 * 2048 + 128 * 6144 + 32 * 6144 + 2 * 128
    expected = last + indexer + 2 * 6144 * 6144 + 3 * 6144
    assert count_parameters(glm).by_component["mtp"] == expected


def test_prediction_blocks_of_nemotron_are_the_layers_of_their_pattern() -> None:
    nemotron = plan("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8")
    by_kind = {layer.kinds: sum(weight.parameters for weight in layer.weights()) for layer in nemotron.layers}
    both = by_kind["full", "none"] + by_kind["none", "latent_moe"]
    assert count_parameters(nemotron).by_component["mtp"] == both + 2 * 4096 * 4096 + 3 * 4096


def test_the_prediction_block_of_deepseek_v4_has_a_window_and_mixes_its_streams() -> None:
    deepseek = plan("deepseek-ai/DeepSeek-V4-Flash")
    layer = sum(weight.parameters for weight in deepseek.layers[0].weights()) + 256
    head = 4 * 4 * 4096 + 4 + 1
    assert count_parameters(deepseek).by_component["mtp"] == layer + head + 2 * 4096 * 4096 + 3 * 4096


def test_what_cannot_be_counted_says_why() -> None:
    found = counted("moonshotai/Kimi-K3")
    assert set(found.uncounted) == {"vision"}
    assert "vision" not in found.by_component


NAMED = [
    (model, int(found[1] or found[2]))
    for model in stored_models()
    if (found := re.search(r"-A(\d+)B|Llama-4-\w+-(\d+)B", model))
]


@pytest.mark.parametrize(("model", "billions"), NAMED)
def test_active_parameters_match_the_name(model: str, billions: int) -> None:
    found = counted(model)
    # Makers count the embedding table or leave it out, because a token reads one row of it; and they round.
    both = (found.active, found.active - found.by_component["embedding"])
    close = any(abs(active / (billions * 1e9) - 1) <= 0.03 for active in both)
    assert close or any(round(active / 1e9) == billions for active in both)


def test_most_names_match_within_three_percent() -> None:
    within = set()
    for model, billions in NAMED:
        found = counted(model)
        both = (found.active, found.active - found.by_component["embedding"])
        if any(abs(active / (billions * 1e9) - 1) <= 0.03 for active in both):
            within.add(model)
    # Nano says 3 where its card says 3.2 (3.6 with embeddings), Gemma says 4 for 3.8.
    assert {model for model, _ in NAMED} - within == {
        model for model, _ in NAMED if "Nano" in model or "Lightning" in model or "emma-4-26B" in model
    }


def test_shared_tensors_are_counted_once(hybrid_plan: LayerPlan) -> None:
    found = count_parameters(hybrid_plan)
    assert found.total == 1215064704
    stored = [weight for _, weight in decoder_weights(hybrid_plan) if weight.shared]
    used = [weight for layer in hybrid_plan.layers for weight in layer.weights() if weight.shared]
    assert len(used) == 6 * len(stored)


@pytest.fixture
def hybrid_plan() -> LayerPlan:
    from pathlib import Path  # noqa: PLC0415 - only here

    return plan_for(HFConfig.load(Path(__file__).with_name("hybrids") / "Zyphra--Zamba2-1.2B_config.json"))
