"""Nemotron: the dense models, and the ones whose layers a search changed one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.ffns import Dense, NoFfn
from harness.reference.mixers import NoMixer
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, scaled
from harness.reference.weights import norm

if TYPE_CHECKING:
    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer

_ROUNDED_TO = 256


def _mixer(text: HFConfig, part: HFConfig) -> Mixer:
    if part.flag(False, "no_op"):
        return NoMixer()
    if part.flag(False, "replace_with_linear"):
        part.fail("replace_with_linear", True, "false: this recipe does not read linear replacements")
    queries, each = text.integer("num_attention_heads"), part.integer("n_heads_in_group")
    if queries % each:
        part.fail("n_heads_in_group", each, f"a divisor of num_attention_heads, which is {queries}")
    bias = text.flag(False, "attention_bias")
    return attention(text, kv_heads=queries // each, bias=bias, out_bias=bias)


def _ffn(text: HFConfig, part: HFConfig) -> Ffn:
    if part.flag(False, "no_op"):
        return NoFfn()
    if part.flag(False, "replace_with_linear"):
        part.fail("replace_with_linear", True, "false: this recipe does not read linear replacements")
    # The factor is of a feed-forward without a gate: with one, two thirds of that width, rounded up.
    wide = scaled(part, "ffn_mult", 2 * hidden_size(text) / 3)
    inner = -(-wide // _ROUNDED_TO) * _ROUNDED_TO
    return Dense(hidden_size(text), inner, bias=text.flag(False, "mlp_bias"))


@recipe(
    "DeciLMForCausalLM",
    "NemotronForCausalLM",
    source="huggingface.co/nvidia/Llama-3_3-Nemotron-Super-49B-v1, modeling_decilm.py; "
    "transformers/models/nemotron/modeling_nemotron.py",
)
def nemotron(config: HFConfig) -> LayerPlan:
    """`block_configs` has an entry for each layer; without it every layer is the same, with LayerNorms."""
    text = config.text()
    hidden, layers = hidden_size(text), depth(text)
    if not text.has("block_configs"):
        bias = text.flag(False, "attention_bias")
        one = layer(
            hidden,
            attention(text, bias=bias, out_bias=bias),
            dense(text, gated=False, bias=text.flag(False, "mlp_bias")),
            norms=0,
            extras=norm("input_layernorm", hidden, bias=True) + norm("post_attention_layernorm", hidden, bias=True),
        )
        return assemble(config, [one] * layers, extras=norm("norm", hidden, bias=True))
    planned = []
    for block in text.objects("block_configs", layers):
        mixer, ffn = (
            _mixer(text, block.required_section("attention")),
            _ffn(text, block.required_section("ffn")),
        )
        # A part that was taken out took its norm with it.
        planned.append(layer(hidden, mixer, ffn, norms=(mixer.kind != "none") + (ffn.kind != "none")))
    return assemble(config, planned)
