"""OLMo-3: three layers with a window to one with full attention, norms behind the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import PLAIN_KINDS, assemble, dense, depth, full_and_window, hidden_size, layer

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("Olmo3ForCausalLM", source="transformers/models/olmo3/modeling_olmo3.py")
def olmo3(config: HFConfig) -> LayerPlan:
    """Without `layer_types` every fourth layer is full, counting from 1."""
    text = config.text()
    layers, bias = depth(text), text.flag(False, "attention_bias")
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, PLAIN_KINDS)
    else:
        kinds = tuple("window" if (index + 1) % 4 else "full" for index in range(layers))
    mixers = full_and_window(text, kinds, full_norms=True, bias=bias, out_bias=bias)
    by_kind = {kind: layer(hidden_size(text), mixer, dense(text)) for kind, mixer in mixers.items()}
    return assemble(config, [by_kind[kind] for kind in kinds])
