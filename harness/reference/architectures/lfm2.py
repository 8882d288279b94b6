"""LFM2: gated short convolutions with some attention layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.ffns import Dense
from harness.reference.recipe import assemble, attention, depth, hidden_size, layer, layer_numbers, scaled
from harness.reference.recurrent import ShortConv

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


def _inner(text: HFConfig) -> int:
    inner = text.integer("block_ff_dim") if text.has("block_ff_dim") else text.integer("intermediate_size")
    if not text.flag(True, "block_auto_adjust_ff_dim"):
        return inner
    # The width is stated for a feed-forward without a gate: two thirds of it, rounded up.
    wide = 2 * inner // 3
    if text.has("block_ffn_dim_multiplier"):
        wide = scaled(text, "block_ffn_dim_multiplier", wide)
    multiple = text.integer_or(256, "block_multiple_of")
    return -(-wide // multiple) * multiple


@recipe("Lfm2ForCausalLM", source="transformers/models/lfm2/modeling_lfm2.py")
def lfm2(config: HFConfig) -> LayerPlan:
    """`layer_types` names every layer, or `full_attn_idxs` numbers the attention layers from 0."""
    text = config.text()
    hidden, layers = hidden_size(text), depth(text)
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, {"conv": "short_conv", "full_attention": "full"})
    else:
        full = layer_numbers(text, "full_attn_idxs", layers)
        kinds = tuple("full" if index in full else "short_conv" for index in range(layers))
    ffn = Dense(hidden, _inner(text), name="feed_forward")
    by_kind = {
        "full": layer(hidden, attention(text, head_norms=True, names=("self_attn", "out_proj")), ffn),
        "short_conv": layer(
            hidden, ShortConv(hidden, text.integer("conv_L_cache"), bias=text.flag(False, "conv_bias")), ffn
        ),
    }
    tied = text.flag(True, "tie_embedding")
    return assemble(config, [by_kind[kind] for kind in kinds], tied=tied)
