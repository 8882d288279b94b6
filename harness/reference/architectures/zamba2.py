"""Zamba2: Mamba-2 layers, before some of which a transformer block runs that several layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.architectures import recipe
from harness.reference.ffns import NoFfn
from harness.reference.mixers import Both
from harness.reference.recipe import assemble, attention, dense, depth, hidden_size, layer, scaled, state_bytes
from harness.reference.recurrent import Mamba2
from harness.reference.weights import Weights, linear, norm, tagged

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan

_KINDS = {"mamba": "mamba2", "linear_attention": "mamba2", "hybrid": "hybrid"}


def _mamba(text: HFConfig) -> Mamba2:
    inner, heads = scaled(text, "mamba_expand", hidden_size(text)), text.integer("n_mamba_heads")
    if inner % heads:
        text.fail("n_mamba_heads", heads, f"a divisor of the inner width, which is {inner}")
    return Mamba2(
        hidden_size(text),
        heads,
        inner // heads,
        text.integer("mamba_ngroups"),
        text.integer("mamba_d_state"),
        text.integer("mamba_d_conv"),
        bias=text.flag(False, "add_bias_linear"),
        name="mamba",
        state_bytes=state_bytes(text),
    )


def _adapter(component: str, name: str, rank: int, wide: int, out: int) -> Weights:
    return linear(component, f"{name}_adapter.0", (rank, wide)) + linear(component, f"{name}_adapter.1", (out, rank))


def _hybrid(text: HFConfig, block: str) -> Layer:
    hidden, rank = hidden_size(text), text.integer("adapter_rank")
    # The block reads the stream joined with the embedding, hence the double width.
    dim = 2 * hidden // text.integer("num_attention_heads")
    full = attention(text, dim=dim, v_dim=dim, input_width=2 * hidden, shared=block)
    ffn = dense(text, bias=text.flag(False, "add_bias_linear"), shared=block, name="feed_forward")
    own = linear("other", "linear", (hidden, hidden))
    own += _adapter("dense_ffn", "gate_up_proj", rank, hidden, 2 * ffn.inner)
    if text.flag(False, "use_shared_attention_adapter"):
        for name in ("q", "k", "v"):
            own += _adapter("attention.full", f"{name}_proj", rank, 2 * hidden, 2 * hidden)
    norms = tagged(norm("input_layernorm", 2 * hidden) + norm("pre_ff_layernorm", hidden), block)
    return layer(hidden, Both(full, _mamba(text)), ffn, norms=1, extras=own + norms)


@recipe("Zamba2ForCausalLM", source="transformers/models/zamba2/modeling_zamba2.py")
def zamba2(config: HFConfig) -> LayerPlan:
    """The hybrid layers take turns with `num_mem_blocks` shared blocks; each has adapters of its own."""
    text = config.text()
    kinds = text.pattern("layers_block_type", depth(text), _KINDS)
    plain = layer(hidden_size(text), _mamba(text), NoFfn(), norms=1)
    count = text.integer("num_mem_blocks")
    if count > kinds.count("hybrid"):
        text.fail("num_mem_blocks", count, f"at most the {kinds.count('hybrid')} layers that use one")
    blocks = [_hybrid(text, f"block{index}") for index in range(count)]
    planned, hybrids = [], 0
    for kind in kinds:
        planned.append(blocks[hybrids % len(blocks)] if kind == "hybrid" else plain)
        hybrids += kind == "hybrid"
    return assemble(config, planned, tied=True)
