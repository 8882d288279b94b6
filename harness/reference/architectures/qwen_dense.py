"""Dense Qwen models, and MiMo-7B, which is Qwen2 with a prediction block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import (
    PLAIN_KINDS,
    assemble,
    dense,
    depth,
    full_and_window,
    hidden_size,
    layer,
    mtp_like,
)
from harness.reference.vision import qwen_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan


def _layers(text: HFConfig, **changes: object) -> list[Layer]:
    layers = depth(text)
    kinds = ("full",) * layers
    if text.flag(False, "use_sliding_window") and text.has("sliding_window"):
        if text.has("layer_types"):
            kinds = text.pattern("layer_types", layers, PLAIN_KINDS)
        else:
            # The lower layers look at everything; `max_window_layers` is where windows begin.
            first = text.integer("max_window_layers", least=0)
            kinds = tuple("window" if index >= first else "full" for index in range(layers))
    mixers = full_and_window(text, kinds, **changes)
    by_kind = {kind: layer(hidden_size(text), mixer, dense(text)) for kind, mixer in mixers.items()}
    return [by_kind[kind] for kind in kinds]


@recipe("Qwen2ForCausalLM", source="transformers/models/qwen2/modeling_qwen2.py")
def qwen2(config: HFConfig) -> LayerPlan:
    """Biases on q, k and v, whatever the config says."""
    return assemble(config, _layers(config.text(), bias=True))


@recipe("Qwen3ForCausalLM", source="transformers/models/qwen3/modeling_qwen3.py")
def qwen3(config: HFConfig) -> LayerPlan:
    """Norms on query and key heads instead of biases."""
    bias = config.text().flag(False, "attention_bias")
    return assemble(config, _layers(config.text(), head_norms=True, bias=bias, out_bias=bias))


@recipe(
    "Qwen3VLForConditionalGeneration",
    source="transformers/models/qwen3_vl/modeling_qwen3_vl.py",
    inner=("Qwen3ForCausalLM",),
)
def qwen3_vl(config: HFConfig) -> LayerPlan:
    """Qwen3 behind a vision tower."""
    text = config.text()
    bias = text.flag(False, "attention_bias")
    vision = config.section("vision_config")
    layers = _layers(text, head_norms=True, bias=bias, out_bias=bias)
    return assemble(config, layers, towers=[qwen_vision(vision)] if vision else [])


@recipe("MiMoForCausalLM", source="huggingface.co/XiaomiMiMo/MiMo-7B-Base, modeling_mimo.py: a subclass of Qwen2")
def mimo(config: HFConfig) -> LayerPlan:
    """Qwen2's layers; each prediction block is one of them behind a projection, with four norms of its own."""
    layers = _layers(config.text(), bias=True)
    blocks = config.text().integer_or(0, "num_nextn_predict_layers", least=0)
    return assemble(config, layers, towers=mtp_like(hidden_size(config.text()), blocks, layers[0]))
