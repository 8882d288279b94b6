"""MiMo-V2-Flash: windows with heads of their own between full attention layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.mixers import Attention
from harness.reference.recipe import assemble, dense, depth, heads, hidden_size, layer, moe, sparse_from, window

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("MiMoV2FlashForCausalLM", source="transformers/models/mimo_v2_flash/modeling_mimo_v2_flash.py")
def mimo_v2_flash(config: HFConfig) -> LayerPlan:
    """In `hybrid_layer_pattern` 0 is full attention and 1 a window, whose head fields begin with `swa_`."""
    text = config.text()
    hidden, layers = hidden_size(text), depth(text)
    kinds = text.pattern("hybrid_layer_pattern", layers, {"0": "full", "1": "window"})
    bias = text.flag(False, "attention_bias")
    mixers = {}
    for kind, prefix, reach in (("full", "", 0), ("window", "swa_", window(text, "sliding_window"))):
        queries, kv = heads(text, f"{prefix}num_attention_heads", f"{prefix}num_key_value_heads")
        mixers[kind] = Attention(
            kind,
            hidden,
            queries,
            kv,
            text.integer(f"{prefix}head_dim"),
            text.integer(f"{prefix}v_head_dim"),
            reach=reach,
            bias=bias,
            sinks=text.flag(False, f"add_{prefix or 'full_'}attention_sink_bias"),
        )
    plain = dense(text)
    shared = text.integer_or(0, "n_shared_experts", least=0) * text.integer("moe_intermediate_size")
    experts = moe(text, shared_inner=shared, correction=text.word("", "topk_method") == "noaux_tc")
    return assemble(
        config,
        [
            layer(hidden, mixers[kind], experts if is_sparse else plain)
            for kind, is_sparse in zip(kinds, sparse_from(text, layers), strict=True)
        ],
    )
