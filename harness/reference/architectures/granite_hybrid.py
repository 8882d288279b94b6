"""Granite-4 hybrid: Mamba-2 with some attention layers, experts and a shared feed-forward in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, mamba2, moe

if TYPE_CHECKING:
    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer

_KINDS = {"mamba": "mamba2", "linear_attention": "mamba2", "attention": "full", "full_attention": "full"}


@recipe("GraniteMoeHybridForCausalLM", source="transformers/models/granitemoehybrid/modeling_granitemoehybrid.py")
def granite_hybrid(config: HFConfig) -> LayerPlan:
    """`layer_types` names every layer; without experts the shared feed-forward is the only one."""
    text = config.text()
    bias = text.flag(False, "attention_bias")
    mixers: dict[str, Mixer] = {"mamba2": mamba2(text), "full": attention(text, bias=bias, out_bias=bias)}
    ffn: Ffn
    if text.integer("num_local_experts", least=0):
        ffn = moe(text, "intermediate_size", shared_inner=text.integer("shared_intermediate_size"))
    else:
        ffn = dense(text, "shared_intermediate_size", name="shared_mlp")
    kinds = text.pattern("layer_types", depth(text), _KINDS)
    return assemble(config, [layer(hidden_size(text), mixers[kind], ffn) for kind in kinds])
