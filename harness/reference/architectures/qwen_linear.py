"""Qwen3.5: gated delta nets with a full attention layer every few layers, dense or with experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, moe, mtp_like, state_bytes
from harness.reference.recurrent import DeltaNet
from harness.reference.vision import qwen_vision

if TYPE_CHECKING:
    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan

_KINDS = {"linear_attention": "gdn", "full_attention": "full"}


def _delta_net(text: HFConfig) -> DeltaNet:
    keys, values = text.integer("linear_num_key_heads"), text.integer("linear_num_value_heads")
    if values % keys:
        text.fail("linear_num_value_heads", values, f"a multiple of linear_num_key_heads, which is {keys}")
    return DeltaNet(
        "gdn",
        hidden_size(text),
        keys,
        values,
        text.integer("linear_key_head_dim"),
        text.integer("linear_value_head_dim"),
        text.integer("linear_conv_kernel_dim"),
        state_bytes=state_bytes(text),
    )


@recipe(
    "Qwen3_5ForConditionalGeneration",
    "Qwen3_5MoeForConditionalGeneration",
    source="transformers/models/qwen3_5_moe/modeling_qwen3_5_moe.py",
    inner=("Qwen3_5ForCausalLM", "Qwen3_5MoeForCausalLM"),
)
def qwen3_5(config: HFConfig) -> LayerPlan:
    """`layer_types` names every layer; without it every `full_attention_interval`-th layer is full."""
    text, vision = config.text(), config.section("vision_config")
    hidden, layers = hidden_size(text), depth(text)
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, _KINDS)
    else:
        interval = text.integer("full_attention_interval")
        kinds = tuple("gdn" if (index + 1) % interval else "full" for index in range(layers))
    if text.has("num_experts"):
        shared = text.integer_or(0, "shared_expert_intermediate_size", least=0)
        ffn: Ffn = moe(text, shared_inner=shared, shared_gate=shared > 0)
    else:
        ffn = dense(text)
    bias = text.flag(False, "attention_bias")
    full = attention(text, gated=text.flag(True, "attn_output_gate"), head_norms=True, bias=bias, out_bias=bias)
    by_kind = {"gdn": layer(hidden, _delta_net(text), ffn), "full": layer(hidden, full, ffn)}
    towers = [qwen_vision(vision)] if vision else []
    blocks = text.integer_or(0, "mtp_num_hidden_layers", least=0)
    # One projection of the two streams and one closing norm stand around all blocks together.
    return assemble(
        config,
        [by_kind[kind] for kind in kinds],
        towers=[*towers, *mtp_like(hidden, blocks, by_kind["full"])],
    )
