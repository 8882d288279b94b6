"""Jamba: Mamba-1 with an attention layer in every period, experts in every other layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, moe, scaled, state_bytes
from harness.reference.recurrent import Mamba1

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan
    from harness.reference.mixers import Mixer


def _mamba(text: HFConfig) -> Mamba1:
    hidden = hidden_size(text)
    # "auto" is a sixteenth of the residual stream, rounded up.
    automatic = text.get("mamba_dt_rank") in (None, "auto")
    return Mamba1(
        hidden,
        scaled(text, "mamba_expand", hidden),
        text.integer("mamba_d_state"),
        text.integer("mamba_d_conv"),
        -(-hidden // 16) if automatic else text.integer("mamba_dt_rank"),
        conv_bias=text.flag(True, "mamba_conv_bias"),
        bias=text.flag(False, "mamba_proj_bias"),
        inner_norms=True,
        state_bytes=state_bytes(text),
    )


@recipe("JambaForCausalLM", source="transformers/models/jamba/configuration_jamba.py")
def jamba(config: HFConfig) -> LayerPlan:
    """A layer is attention, or has experts, where its number modulo the period is the offset."""
    text = config.text()
    mamba, full = _mamba(text), attention(text)
    plain, experts = dense(text, name="feed_forward"), moe(text, "intermediate_size", name="feed_forward")
    periods = []
    for name in ("attn", "expert"):
        period = text.integer(f"{name}_layer_period")
        offset = text.integer(f"{name}_layer_offset", least=0)
        if offset >= period:
            text.fail(f"{name}_layer_offset", offset, f"less than {name}_layer_period, which is {period}")
        periods.append((period, offset))
    (every, first), (expert_every, expert_first) = periods
    planned = []
    for index in range(depth(text)):
        mixer: Mixer = full if index % every == first else mamba
        sparse = experts.experts > 1 and index % expert_every == expert_first
        planned.append(layer(hidden_size(text), mixer, experts if sparse else plain))
    return assemble(config, planned)
