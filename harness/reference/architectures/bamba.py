"""Bamba: Mamba-2 with some attention layers, a dense feed-forward in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, layer_numbers, mamba2

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("BambaForCausalLM", source="transformers/models/bamba/configuration_bamba.py")
def bamba(config: HFConfig) -> LayerPlan:
    """`attn_layer_indices` numbers the attention layers from 0."""
    text = config.text()
    hidden, layers, bias = hidden_size(text), depth(text), text.flag(False, "attention_bias")
    full = layer_numbers(text, "attn_layer_indices", layers)
    ffn = dense(text, bias=text.flag(False, "mlp_bias"), name="feed_forward")
    state = layer(hidden, mamba2(text), ffn)
    attending = layer(hidden, attention(text, bias=bias, out_bias=bias), ffn)
    return assemble(config, [attending if index in full else state for index in range(layers)])
