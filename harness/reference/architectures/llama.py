"""Llama: one kind of layer throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("LlamaForCausalLM", source="transformers/models/llama/modeling_llama.py")
def llama(config: HFConfig) -> LayerPlan:
    """Full attention and a gated feed-forward in every layer."""
    text = config.text()
    bias = text.flag(False, "attention_bias")
    one = layer(
        hidden_size(text), attention(text, bias=bias, out_bias=bias), dense(text, bias=text.flag(False, "mlp_bias"))
    )
    return assemble(config, [one] * depth(text))
