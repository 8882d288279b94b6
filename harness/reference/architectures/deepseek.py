"""DeepSeek-V3 and V3.2, Kimi-K2 and K2.5, GLM-5: latent attention before dense and then expert layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.latent import LatentAttention, TokenIndex
from harness.reference.recipe import (
    assemble,
    dense,
    depth,
    hidden_size,
    latent_attention,
    layer,
    moe,
    mtp_like,
    sparse_from,
)
from harness.reference.vision import kimi_vision

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan

_INDEXERS = {"full": "full", "shared": "shared", "F": "full", "S": "shared"}
_FFNS = {"dense": "dense", "sparse": "moe"}


def _latent(text: HFConfig, index: TokenIndex | None = None) -> LatentAttention:
    return latent_attention(
        text,
        bias=text.flag(False, "attention_bias"),
        index=index,
    )


def _layers(text: HFConfig, mixers: list[LatentAttention], *, first_dense: int = 0) -> list[Layer]:
    hidden, layers = hidden_size(text), depth(text)
    sparse = sparse_from(text, layers, first_dense=first_dense)
    if text.has("mlp_layer_types"):
        listed = tuple(kind == "moe" for kind in text.pattern("mlp_layer_types", layers, _FFNS))
        if text.has("first_k_dense_replace") and listed != sparse:
            found = f"{listed.count(False)} dense layers"
            text.reject("mlp_layer_types", found, f"those of first_k_dense_replace, which are {sparse.count(False)}")
        sparse = listed
    experts, plain = None, None
    if any(sparse):
        # All shared experts together are one feed-forward of their common width.
        shared = text.integer_or(0, "n_shared_experts", least=0) * text.integer("moe_intermediate_size")
        groups = text.integer_or(1, "n_group")
        experts = moe(text, shared_inner=shared, correction=text.word("noaux_tc", "topk_method") == "noaux_tc")
        if experts.experts % groups:
            text.fail("n_group", groups, f"a divisor of the number of experts, which is {experts.experts}")
    if not all(sparse):
        plain = dense(text)
    return [
        layer(hidden, mixer, experts if is_sparse and experts else plain or dense(text))
        for mixer, is_sparse in zip(mixers, sparse, strict=True)
    ]


def _plan(config: HFConfig, layers: list[Layer], predicting: Layer) -> LayerPlan:
    text, vision = config.text(), config.section("vision_config")
    blocks = text.integer_or(0, "num_nextn_predict_layers", least=0)
    towers = [*([kimi_vision(vision)] if vision else []), *mtp_like(hidden_size(text), blocks, predicting)]
    return assemble(config, layers, towers=towers)


@recipe(
    "DeepseekV3ForCausalLM",
    "DeepSeekForCausalLM",
    "KimiK25ForConditionalGeneration",
    source="transformers/models/deepseek_v3/modeling_deepseek_v3.py",
)
def deepseek_v3(config: HFConfig) -> LayerPlan:
    """Layers from `first_k_dense_replace` on have experts, every `moe_layer_freq`-th of them."""
    text = config.text()
    layers = _layers(text, [_latent(text)] * depth(text))
    return _plan(config, layers, layers[-1])


@recipe(
    "DeepseekV32ForCausalLM",
    "GlmMoeDsaForCausalLM",
    source="transformers/models/glm_moe_dsa/configuration_glm_moe_dsa.py and modeling_deepseek_v32.py",
)
def deepseek_v32(config: HFConfig) -> LayerPlan:
    """An indexer picks tokens; in GLM-5.2 most layers take the picks of the layer before (`shared`)."""
    text = config.text()
    layers = depth(text)
    mixers = {
        name: _latent(
            text,
            TokenIndex(
                text.integer("index_n_heads"),
                text.integer("index_head_dim"),
                text.integer("index_topk"),
                owned=name == "full",
            ),
        )
        for name in ("full", "shared")
    }
    for field in ("indexer_types", "index_topk_pattern"):
        if text.has(field):
            kinds = text.pattern(field, layers, _INDEXERS)
            break
    else:
        every, offset = text.integer_or(1, "index_topk_freq"), text.integer_or(2, "index_skip_topk_offset", least=0)
        kinds = tuple("shared" if max(i - offset + 1, 0) % every else "full" for i in range(layers))
    planned = _layers(text, [mixers[kind] for kind in kinds])
    # The prediction block runs its own indexer, even where the last layer does not.
    return _plan(config, planned, replace(planned[-1], mixer=mixers["full"]))
