"""Mixtral: experts in every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, depth, hidden_size, layer, moe, window

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("MixtralForCausalLM", source="transformers/models/mixtral/modeling_mixtral.py")
def mixtral(config: HFConfig) -> LayerPlan:
    """A `sliding_window` holds for every layer, null for none."""
    text = config.text()
    kind, reach = ("window", window(text)) if text.has("sliding_window") else ("full", 0)
    mixer = attention(text, kind, reach=reach)
    return assemble(config, [layer(hidden_size(text), mixer, moe(text, "intermediate_size"))] * depth(text))
