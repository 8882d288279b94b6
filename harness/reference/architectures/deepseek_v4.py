"""DeepSeek-V4: compressed attention, hyper-connections between the layers, experts everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.latent import CompressedAttention, TokenIndex
from harness.reference.recipe import assemble, depth, hidden_size, layer, moe, mtp_like, window
from harness.reference.weights import linear, norm, vector

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.weights import Weights

_TYPES = {
    "sliding_attention": "window",
    "compressed_sparse_attention": "csa",
    "heavily_compressed_attention": "hca",
}
_RATIOS = {"0": "window", "4": "csa", "128": "hca"}


def _ratio(text: HFConfig, kind: str) -> int:
    rates = text.section("compress_rates")
    name = {value: name for name, value in _TYPES.items()}[kind]
    default = {"window": 0, "csa": 4, "hca": 128}[kind]
    return rates.integer_or(default, name) if rates and default else default


def _hyper_connection(name: str, streams: int, hidden: int, outputs: int, scales: int) -> Weights:
    return (
        linear("other", f"{name}.fn", (outputs, streams * hidden))
        + vector("other", f"{name}.base", outputs)
        + vector("other", f"{name}.scale", scales)
    )


@recipe("DeepseekV4ForCausalLM", source="transformers/models/deepseek_v4/configuration_deepseek_v4.py")
def deepseek_v4(config: HFConfig) -> LayerPlan:
    """`compress_ratios` holds a value for each layer and for the prediction blocks: 0 window, 4 CSA, 128 HCA."""
    text = config.text()
    hidden, layers, streams = hidden_size(text), depth(text), text.integer("hc_mult")
    if text.has("layer_types"):
        kinds = text.pattern("layer_types", layers, _TYPES)
    else:
        kinds = text.pattern("compress_ratios", layers, _RATIOS, longer=True)
    index = TokenIndex(text.integer("index_n_heads"), text.integer("index_head_dim"), text.integer("index_topk"))
    queries, groups, dim = text.integer("num_attention_heads"), text.integer("o_groups"), text.integer("head_dim")
    if queries % groups:
        text.fail("num_attention_heads", queries, f"a multiple of o_groups, which is {groups}")
    hashed = text.integer_or(3, "num_hash_layers", least=0)
    shared = text.integer("n_shared_experts", least=0) * text.integer("moe_intermediate_size")
    mixing = 2 * streams + streams * streams
    extras = _hyper_connection("attn_hc", streams, hidden, mixing, 3)
    extras += _hyper_connection("ffn_hc", streams, hidden, mixing, 3)

    def decoder_layer(number: int, kind: str, more: Weights = ()) -> Layer:
        mixer = CompressedAttention(
            hidden,
            queries,
            dim,
            text.integer("q_lora_rank"),
            groups,
            text.integer("o_lora_rank"),
            window(text),
            ratio=_ratio(text, kind),
            index=index if kind == "csa" else None,
        )
        # The first layers route by token id, which leaves nothing to correct.
        ffn = moe(text, shared_inner=shared, correction=number >= hashed)
        return layer(hidden, mixer, ffn, extras=extras + more)

    head = _hyper_connection("hc_head", streams, hidden, streams, 1)
    # A prediction block is a layer with a window, and mixes its streams at the end like the decoder.
    blocks, predicting = text.integer_or(0, "num_nextn_predict_layers", least=0), decoder_layer(layers, "window", head)
    return assemble(
        config,
        [decoder_layer(number, kind) for number, kind in enumerate(kinds)],
        extras=norm("norm", hidden) + head,
        towers=mtp_like(hidden, blocks, predicting),
    )
