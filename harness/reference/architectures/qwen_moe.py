"""Qwen models with experts in some or all layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, layer_numbers, moe
from harness.reference.vision import qwen_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.mixers import Attention


def _layers(text: HFConfig, mixer: Attention, shared: int = 0) -> list[Layer]:
    hidden, step = hidden_size(text), text.integer_or(1, "decoder_sparse_step")
    only_dense = layer_numbers(text, "mlp_only_layers", depth(text))
    sparse = [index not in only_dense and (index + 1) % step == 0 for index in range(depth(text))]
    # Only what occurs is read: a model without dense layers need not give their width.
    kinds = {
        is_sparse: layer(
            hidden, mixer, moe(text, shared_inner=shared, shared_gate=shared > 0) if is_sparse else dense(text)
        )
        for is_sparse in set(sparse)
    }
    return [kinds[is_sparse] for is_sparse in sparse]


@recipe("Qwen2MoeForCausalLM", source="transformers/models/qwen2_moe/modeling_qwen2_moe.py")
def qwen2_moe(config: HFConfig) -> LayerPlan:
    """A gated shared expert beside the routed ones."""
    text = config.text()
    mixer = attention(text, bias=text.flag(True, "qkv_bias"))
    shared = text.integer("shared_expert_intermediate_size")
    return assemble(config, _layers(text, mixer, shared))


@recipe("Qwen3MoeForCausalLM", source="transformers/models/qwen3_moe/modeling_qwen3_moe.py")
def qwen3_moe(config: HFConfig) -> LayerPlan:
    """Routed experts only."""
    text = config.text()
    bias = text.flag(False, "attention_bias")
    return assemble(config, _layers(text, attention(text, head_norms=True, bias=bias, out_bias=bias)))


@recipe(
    "Qwen3VLMoeForConditionalGeneration",
    source="transformers/models/qwen3_vl_moe/modeling_qwen3_vl_moe.py",
    inner=("Qwen3MoeForCausalLM",),
)
def qwen3_vl_moe(config: HFConfig) -> LayerPlan:
    """Qwen3-MoE behind a vision tower."""
    text, vision = config.text(), config.section("vision_config")
    bias = text.flag(False, "attention_bias")
    layers = _layers(text, attention(text, head_norms=True, bias=bias, out_bias=bias))
    return assemble(config, layers, towers=[qwen_vision(vision)] if vision else [])
