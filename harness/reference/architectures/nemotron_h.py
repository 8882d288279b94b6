"""Nemotron-H and Nemotron-3: every layer is one thing: Mamba-2, attention, a feed-forward, or experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.ffns import NoFfn
from harness.reference.mixers import NoMixer
from harness.reference.recipe import (
    assemble,
    attention,
    dense,
    depth,
    head_dim,
    hidden_size,
    layer,
    moe,
    mtp_like,
    no_mtp,
    state_bytes,
)
from harness.reference.recurrent import Mamba2

if TYPE_CHECKING:
    from harness.reference.ffns import Ffn
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer

_LETTERS = {"M": "mamba2", "*": "full", "-": "dense", "E": "moe"}
_NAMES = {
    "mamba": "mamba2",
    "linear_attention": "mamba2",
    "attention": "full",
    "full_attention": "full",
    "mlp": "dense",
    "moe": "moe",
}


def _part(text: HFConfig, kind: str) -> tuple[Mixer, Ffn]:
    if kind == "mamba2":
        return Mamba2(
            hidden_size(text),
            text.integer("mamba_num_heads"),
            text.integer("mamba_head_dim"),
            text.integer("n_groups"),
            text.integer("ssm_state_size"),
            text.integer("conv_kernel"),
            conv_bias=text.flag(True, "use_conv_bias"),
            bias=text.flag(False, "use_bias", "mamba_proj_bias"),
            state_bytes=state_bytes(text),
        ), NoFfn()
    if kind == "full":
        dim, bias = head_dim(text, "head_dim", "attention_head_dim"), text.flag(False, "attention_bias")
        return attention(text, dim=dim, v_dim=dim, bias=bias, out_bias=bias, names=("mixer", "o_proj")), NoFfn()
    if kind == "dense":
        return NoMixer(), dense(text, gated=False, bias=text.flag(False, "mlp_bias"), name="mixer")
    shared = text.integer_or(0, "n_shared_experts", least=0) * text.integer("moe_shared_expert_intermediate_size")
    latent = text.integer_or(0, "moe_latent_size")
    return NoMixer(), moe(text, gated=False, shared_inner=shared, correction=True, latent=latent, name="mixer")


@recipe("NemotronHForCausalLM", source="transformers/models/nemotron_h/configuration_nemotron_h.py")
def nemotron_h(config: HFConfig) -> LayerPlan:
    """`hybrid_override_pattern` has a letter for each layer: M Mamba-2, * attention, - feed-forward, E experts."""
    text = config.text()
    hidden, layers = hidden_size(text), depth(text, "layers_block_type")
    if text.has("hybrid_override_pattern"):
        kinds = text.pattern("hybrid_override_pattern", layers, _LETTERS)
    else:
        kinds = text.pattern("layers_block_type", layers, _NAMES)
    blocks = text.integer_or(0, "num_nextn_predict_layers", least=0)
    predicting = text.letters("mtp_hybrid_override_pattern", _LETTERS) if blocks else ()
    predicting = predicting or (text.letters("mtp_layers_block_type", _NAMES) if blocks else ())
    by_kind = {kind: layer(hidden, *_part(text, kind), norms=1) for kind in {*kinds, *predicting}}
    # A prediction block's layers stand between its projection and its last norm, as in vLLM's `nemotron_h_mtp.py`.
    towers = mtp_like(hidden, blocks, *(by_kind[kind] for kind in predicting)) if predicting else ()
    return assemble(
        config, [by_kind[kind] for kind in kinds], towers=towers or no_mtp(text, "num_nextn_predict_layers")
    )
