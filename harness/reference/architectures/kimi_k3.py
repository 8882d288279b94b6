"""Kimi-K3: delta attention and latent attention, experts in a narrower space, residuals by attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import (
    assemble,
    dense,
    depth,
    hidden_size,
    latent_attention,
    layer,
    moe,
    no_mtp,
    sparse_from,
)
from harness.reference.recurrent import DeltaNet
from harness.reference.vision import uncounted_vision
from harness.reference.weights import linear, norm

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer
    from harness.reference.weights import Weights


def _residual(name: str, hidden: int) -> Weights:
    return norm(f"{name}_norm", hidden) + linear("other", f"{name}_proj", (1, hidden))


@recipe(
    "KimiK3ForConditionalGeneration",
    source="transformers/models/kimi_linear/modeling_kimi_linear.py; tensor names of moonshotai/Kimi-K3's checkpoint",
    inner=("KimiLinearForCausalLM",),
)
def kimi_k3(config: HFConfig) -> LayerPlan:
    """`linear_attn_config` numbers the layers from 1: each stands in `kda_layers` or in `full_attn_layers`."""
    text = config.text()
    hidden, layers, linear_config = hidden_size(text), depth(text), text.required_section("linear_attn_config")
    queries, dim = linear_config.integer("num_heads"), linear_config.integer("head_dim")
    kda: Mixer = DeltaNet(
        "kda",
        hidden,
        queries,
        queries,
        dim,
        dim,
        linear_config.integer("short_conv_kernel_size"),
        full_gate=linear_config.flag(False, "use_full_rank_gate"),
    )
    mla: Mixer = latent_attention(
        text,
        gated=text.flag(False, "mla_use_output_gate"),
    )
    full, delta = linear_config.integers("full_attn_layers"), linear_config.integers("kda_layers")
    if sorted((*full, *delta)) != list(range(1, layers + 1)):
        linear_config.reject("kda_layers", f"{len(delta)} layers beside {len(full)} full ones", f"layers 1 to {layers}")
    shared = text.integer_or(0, "num_shared_experts", "n_shared_experts", least=0) * text.integer(
        "moe_intermediate_size"
    )
    latent = text.integer_or(0, "routed_expert_hidden_size")
    experts = moe(
        text,
        shared_inner=shared,
        correction=True,
        latent=latent,
        latent_norm=text.flag(False, "latent_moe_use_norm"),
    )
    residual = text.integer_or(0, "attn_res_block_size", least=0) > 0
    extras = _residual("self_attention_res", hidden) + _residual("mlp_res", hidden) if residual else ()
    plain, numbers = dense(text), set(full)
    planned = [
        layer(hidden, mla if index + 1 in numbers else kda, experts if is_sparse else plain, extras=extras)
        for index, is_sparse in enumerate(sparse_from(text, layers))
    ]
    vision = [uncounted_vision("no source says what its tower holds")] if config.section("vision_config") else []
    return assemble(
        config,
        planned,
        extras=norm("norm", hidden) + (_residual("output_attn_res", hidden) if residual else ()),
        towers=[*vision, *no_mtp(text, "num_nextn_predict_layers")],
    )
