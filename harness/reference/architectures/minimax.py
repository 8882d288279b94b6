"""MiniMax-M2, and M3 with block-sparse attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.mixers import BlockIndex
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, moe, no_mtp, sparse_from
from harness.reference.vision import minimax_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@recipe("MiniMaxM2ForCausalLM", source="transformers/models/minimax_m2/modeling_minimax_m2.py")
def minimax_m2(config: HFConfig) -> LayerPlan:
    """Norms over all heads at once (`qk_norm_type` is `per_layer`); `intermediate_size` is that of an expert."""
    text = config.text()
    mixer = attention(text, full_norms=text.flag(True, "use_qk_norm"))
    ffn = moe(
        text,
        "intermediate_size",
        correction=text.flag(True, "use_routing_bias"),
        shared_inner=text.integer_or(0, "shared_intermediate_size", least=0),
    )
    one = layer(hidden_size(text), mixer, ffn)
    return assemble(config, [one] * depth(text), towers=no_mtp(text, "num_mtp_modules"))


@recipe(
    "MiniMaxM3ForCausalLM",
    "MiniMaxM3SparseForConditionalGeneration",
    source="transformers/models/minimax_m3_vl/configuration_minimax_m3_vl.py",
    inner=("MiniMaxM3SparseForCausalLM",),
)
def minimax_m3(config: HFConfig) -> LayerPlan:
    """In `sparse_attention_freq` and `moe_layer_freq` 1 is sparse; the config may be the text part alone."""
    text, vision = config.text(), config.section("vision_config")
    hidden, layers, sparse = hidden_size(text), depth(text), text.section("sparse_attention_config")
    kinds = ("full",) * layers
    index = None
    if sparse and sparse.flag(True, "use_sparse_attention"):
        kinds = sparse.pattern("sparse_attention_freq", layers, {"0": "full", "1": "block_sparse"})
        index = BlockIndex(
            sparse.integer("sparse_num_index_heads"),
            sparse.integer("sparse_index_dim"),
            sparse.integer("sparse_block_size"),
            sparse.integer("sparse_topk_blocks"),
        )
    norms = text.flag(True, "use_qk_norm")
    mixers = {
        kind: attention(text, kind, head_norms=norms, index=index if kind == "block_sparse" else None)
        for kind in set(kinds)
    }
    inner = text.integer_or(text.integer("intermediate_size"), "shared_intermediate_size", least=0)
    experts = moe(
        text,
        "intermediate_size",
        inner=text.integer("intermediate_size", "moe_intermediate_size"),
        correction=text.flag(True, "use_routing_bias"),
        shared_inner=inner * text.integer_or(0, "n_shared_experts", least=0),
    )
    plain = dense(text, "dense_intermediate_size")
    planned = [
        layer(hidden, mixers[kind], experts if is_sparse else plain)
        for kind, is_sparse in zip(kinds, sparse_from(text, layers), strict=True)
    ]
    towers = [minimax_vision(config, vision, hidden)] if vision else []
    return assemble(config, planned, towers=[*towers, *no_mtp(text, "num_mtp_modules", "num_nextn_predict_layers")])
