"""gpt-oss: windows and full attention by turns, sinks, biases everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import PLAIN_KINDS, assemble, depth, full_and_window, hidden_size, layer, moe

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("GptOssForCausalLM", source="transformers/models/gpt_oss/modeling_gpt_oss.py")
def gpt_oss(config: HFConfig) -> LayerPlan:
    """Without `layer_types` the first layer has a window and every other layer is full."""
    text = config.text()
    layers, bias = depth(text), text.flag(True, "attention_bias")
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, PLAIN_KINDS)
    else:
        kinds = tuple("full" if index % 2 else "window" for index in range(layers))
    ffn = moe(text, "intermediate_size", bias=True, router_bias=True)
    mixers = full_and_window(text, kinds, bias=bias, out_bias=bias, sinks=True)
    by_kind = {kind: layer(hidden_size(text), mixer, ffn) for kind, mixer in mixers.items()}
    return assemble(config, [by_kind[kind] for kind in kinds])
