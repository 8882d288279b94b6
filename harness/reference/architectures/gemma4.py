"""Gemma-4: windows and wider full attention, a dense feed-forward beside the experts if there are any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import PLAIN_KINDS, assemble, attention, dense, depth, hidden_size, layer, moe, window
from harness.reference.vision import gemma_vision
from harness.reference.weights import vector

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Attention


def _full(text: HFConfig, local: Attention) -> Attention:
    shared = text.flag(False, "attention_k_eq_v")
    kv = text.integer_or(local.kv_heads, "num_global_key_value_heads") if shared else local.kv_heads
    if local.heads % kv:
        text.fail("num_attention_heads", local.heads, f"a multiple of num_global_key_value_heads, which is {kv}")
    dim = text.integer_or(local.dim, "global_head_dim")
    return replace(local, kind="full", reach=0, kv_heads=kv, dim=dim, v_dim=dim, shared_kv=shared)


@recipe(
    "Gemma4ForConditionalGeneration",
    source="transformers/models/gemma4/modeling_gemma4.py",
    inner=("Gemma4ForCausalLM",),
)
def gemma4(config: HFConfig) -> LayerPlan:
    """Full layers have heads of their own width and, with `attention_k_eq_v`, no value projection."""
    text, vision = config.text(), config.section("vision_config")
    hidden, layers = hidden_size(text), depth(text)
    for field in ("num_kv_shared_layers", "hidden_size_per_layer_input"):
        if text.integer_or(0, field, least=0):
            text.fail(field, text.get(field), "0: this recipe does not read the small variants")
    kinds = text.pattern("layer_types", layers, PLAIN_KINDS)
    bias = text.flag(False, "attention_bias")
    local = attention(text, "window", reach=window(text), head_norms=True, bias=bias, out_bias=bias)
    mixers = {"window": local, "full": _full(text, local)}
    plain, sparse = dense(text), text.flag(False, "enable_moe_block")
    ffn = moe(text, router_scales=True, beside=plain, name="moe") if sparse else plain
    # Norms stand before and after both parts; the experts bring three more.
    by_kind = {
        kind: layer(hidden, mixer, ffn, norms=7 if sparse else 4, extras=vector("gates", "layer_scalar", 1))
        for kind, mixer in mixers.items()
    }
    towers = [gemma_vision(vision, hidden)] if vision else []
    return assemble(config, [by_kind[kind] for kind in kinds], tied=True, towers=towers)
