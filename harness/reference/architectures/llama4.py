"""Llama-4: chunked attention with full layers between, experts in some or all layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, layer_numbers, moe
from harness.reference.vision import uncounted_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan

_KINDS = {"chunked_attention": "chunked", "full_attention": "full"}


@recipe(
    "Llama4ForConditionalGeneration",
    source="transformers/models/llama4/configuration_llama4.py",
    inner=("Llama4ForCausalLM",),
)
def llama4(config: HFConfig) -> LayerPlan:
    """Despite its name, 1 in `no_rope_layers` means that the layer has rotary positions, and then it is chunked."""
    text = config.text()
    hidden, layers, bias = hidden_size(text), depth(text), text.flag(False, "attention_bias")
    interval = text.integer_or(4, "no_rope_layer_interval")
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, _KINDS)
    elif text.get("no_rope_layers"):
        kinds = text.pattern("no_rope_layers", layers, {"1": "chunked", "0": "full"})
    else:
        kinds = tuple("chunked" if (index + 1) % interval else "full" for index in range(layers))
    chunk = text.integer_or(8192, "attention_chunk_size")
    mixers = {
        kind: attention(text, kind, reach=chunk if kind == "chunked" else 0, bias=bias, out_bias=bias)
        for kind in ("chunked", "full")
    }
    step = text.integer_or(1, "interleave_moe_layer_step")
    sparse = layer_numbers(text, "moe_layers", layers) if text.has("moe_layers") else set(range(step - 1, layers, step))
    experts = moe(text, "intermediate_size", shared_inner=text.integer("intermediate_size"))
    plain = dense(text, "intermediate_size_mlp", name="feed_forward")
    planned = [layer(hidden, mixers[kind], experts if index in sparse else plain) for index, kind in enumerate(kinds)]
    towers = [uncounted_vision("its tower is not read")] if config.section("vision_config") else []
    return assemble(config, planned, towers=towers)
