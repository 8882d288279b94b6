"""Gemma-3: five layers with a window to one with full attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import PLAIN_KINDS, assemble, dense, depth, full_and_window, hidden_size, layer
from harness.reference.vision import uncounted_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("Gemma3ForCausalLM", "Gemma3ForConditionalGeneration", source="transformers/models/gemma3/modeling_gemma3.py")
def gemma3(config: HFConfig) -> LayerPlan:
    """Without `layer_types` every `sliding_window_pattern`-th layer is full, counting from 1."""
    text = config.text()
    layers, bias = depth(text), text.flag(False, "attention_bias")
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, PLAIN_KINDS)
    else:
        every = text.integer_or(6, "sliding_window_pattern", "_sliding_window_pattern")
        kinds = tuple("window" if (index + 1) % every else "full" for index in range(layers))
    mixers = full_and_window(text, kinds, head_norms=True, bias=bias, out_bias=bias)
    by_kind = {kind: layer(hidden_size(text), mixer, dense(text), norms=4) for kind, mixer in mixers.items()}
    towers = [uncounted_vision("its tower is not read")] if config.section("vision_config") else []
    return assemble(config, [by_kind[kind] for kind in kinds], tied=True, towers=towers)
