from __future__ import annotations

from functools import cache

import pytest

from harness.reference.architectures import plan_for
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.hf_config import HFConfig, stored_models

plan = cache(lambda model: plan_for(HFConfig.load(model)))

# By hand: numbers of each kind of layer for one token, or what bounds them; two bytes each.
BY_HAND = {
    # 36 layers, 8 heads of 128, keys and values.
    "Qwen/Qwen3-8B": lambda n: 36 * 2 * 8 * 128 * n,
    # 61 layers, a latent of 512 and a positional key of 64.
    "deepseek-ai/DeepSeek-V3": lambda n: 61 * 576 * n,
    # The same, and an indexer key of 128 in every layer.
    "deepseek-ai/DeepSeek-V3.2": lambda n: 61 * (576 + 128) * n,
    # 78 latents, but only 21 layers with an indexer of their own.
    "zai-org/GLM-5.3": lambda n: (78 * 576 + 21 * 128) * n,
    # 18 full layers, 18 with a window of 128; 8 heads of 64.
    "openai/gpt-oss-120b": lambda n: 2 * 8 * 64 * (18 * n + 18 * min(n, 128)),
    # 9 full layers with 4 heads, 39 windows with 8; keys of 192, values of 128.
    "XiaomiMiMo/MiMo-V2-Flash": lambda n: (192 + 128) * (9 * 4 * n + 39 * 8 * min(n, 128)),
    # 12 full layers, 36 chunked; 8 heads of 128. A sequence of exactly one chunk is full.
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": lambda n: 2 * 8 * 128 * (12 * n + 36 * min(n, 8192)),
    # 5 full layers with 2 heads of 512, 25 windows of 1024 with 8 heads of 256.
    "google/gemma-4-26B-A4B": lambda n: 2 * (5 * 2 * 512 * n + 25 * 8 * 256 * min(n, 1024)),
    # 57 block-sparse layers keep an indexer key of 128 beside 4 heads of 128, 3 full ones do not.
    "MiniMaxAI/MiniMax-M3": lambda n: (60 * 2 * 4 * 128 + 57 * 128) * n,
    # 15 full layers of 60, 2 heads of 256; the others keep no keys.
    "Qwen/Qwen3.5-397B-A17B": lambda n: 15 * 2 * 2 * 256 * n,
    # 43 windows of 128 keys of 512; 21 layers add an entry of 512 and an indexer key of 128 for 4 tokens, 20 an entry
    # for 128.
    "deepseek-ai/DeepSeek-V4-Flash": lambda n: (
        43 * 512 * min(n, 128) + 21 * (512 + 128) * (n // 4) + 20 * 512 * (n // 128)
    ),
    # 24 of 93 layers are MLA.
    "moonshotai/Kimi-K3": lambda n: 24 * 576 * n,
}


@pytest.mark.parametrize("length", [1, 127, 128, 129, 1024, 8192, 32768, 131072])
@pytest.mark.parametrize("model", sorted(BY_HAND))
def test_cache_by_hand(model: str, length: int) -> None:
    assert kv_cache_bytes(plan(model).layers, length) == 2 * BY_HAND[model](length)


@pytest.mark.parametrize("model", stored_models())
def test_the_cache_never_shrinks_and_grows_where_a_layer_sees_everything(model: str) -> None:
    layers = plan(model).layers
    sizes = [kv_cache_bytes(layers, length) for length in (0, 1, 64, 1024, 32768, 131072, 1_000_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    assert sizes[-1] > sizes[-2]


def test_state_by_hand() -> None:
    # 45 delta nets: 64 heads of 128 x 128 in float32; 3 inputs of 2 x 16 x 128 + 64 x 128 channels in bfloat16.
    expected = 45 * (64 * 128 * 128 * 4 + 3 * (2 * 16 * 128 + 64 * 128) * 2)
    assert state_bytes(plan("Qwen/Qwen3.5-397B-A17B").layers) == expected
    # 23 Mamba-2 layers: 64 heads of 64 with a state of 128 in float32; 3 inputs of 4096 + 2 x 8 x 128 channels.
    expected = 23 * (64 * 64 * 128 * 4 + 3 * (4096 + 2048) * 2)
    assert state_bytes(plan("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").layers) == expected
    # 69 KDA layers: 96 heads of 128 x 128; 3 inputs of q, k and v.
    expected = 69 * (96 * 128 * 128 * 4 + 3 * 3 * 96 * 128 * 2)
    assert state_bytes(plan("moonshotai/Kimi-K3").layers) == expected


def test_only_recurrent_layers_have_state() -> None:
    for model in stored_models():
        recurrent = {"gdn", "kda", "mamba2"} & {mixer for mixer, _ in plan(model).kinds}
        assert (state_bytes(plan(model).layers) > 0) is bool(recurrent)


def test_the_precision_of_state_is_the_configs() -> None:
    config = HFConfig.load("Qwen/Qwen3.5-27B")
    raw = {"architectures": [config.architecture], "text_config": {**config.text()._raw, "mamba_ssm_dtype": "bfloat16"}}  # noqa: SLF001 - a copy
    narrow, wide = state_bytes(plan_for(HFConfig("x", raw)).layers), state_bytes(plan("Qwen/Qwen3.5-27B").layers)
    assert wide - narrow == 48 * 48 * 128 * 128 * 2
