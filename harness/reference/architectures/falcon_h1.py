"""Falcon-H1: attention and Mamba-2 side by side in every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.mixers import Both
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, mamba2

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("FalconH1ForCausalLM", source="transformers/models/falcon_h1/modeling_falcon_h1.py")
def falcon_h1(config: HFConfig) -> LayerPlan:
    """Both mixers read one norm's output and are added; the gated norm is optional."""
    text = config.text()
    bias = text.flag(False, "attention_bias")
    full = attention(text, bias=bias, out_bias=bias)
    state = mamba2(text, gated_norm=text.flag(False, "mamba_rms_norm"))
    ffn = dense(text, bias=text.flag(False, "mlp_bias"), name="feed_forward")
    return assemble(config, [layer(hidden_size(text), Both(full, state), ffn)] * depth(text))
