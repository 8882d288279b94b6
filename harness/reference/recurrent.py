"""Mixers whose memory does not grow with the sequence: gated delta nets, Mamba, short convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference.mixers import Cache
from harness.reference.weights import Split, linear, norm, vector

if TYPE_CHECKING:
    from harness.reference.weights import Weights

STATE_BYTES = {"float32": 4, "float": 4, "bfloat16": 2, "float16": 2}
"""Bytes of one number of recurrent state, by the name a config gives its precision."""

_CONV_BYTES = 2


def _conv_state(channels: int, kernel: int, units: int) -> Cache:
    """The inputs that a causal convolution still needs: all of its kernel but the current token."""
    return Cache(channels * (kernel - 1), units, _CONV_BYTES)


@dataclass(frozen=True, slots=True)
class DeltaNet:
    """Linear attention with the delta rule: `gdn` (one decay for each head) or `kda` (one for each channel).

    Attributes:
        kind: One of these.
        hidden: Width of the residual stream.
        k_heads: Query and key heads.
        v_heads: Value heads, a multiple of `k_heads`.
        k_dim: Width of a query and key head.
        v_dim: Width of a value head.
        kernel: Tokens that the convolution over q, k and v spans.
        full_gate: `kda` only: the output gate is one full projection instead of a low-rank pair.
        state_bytes: Bytes of one number of the state.
    """

    kind: str
    hidden: int
    k_heads: int
    v_heads: int
    k_dim: int
    v_dim: int
    kernel: int
    full_gate: bool = False
    state_bytes: int = 4

    @property
    def units(self) -> int:
        """Key heads, which the value heads follow."""
        return self.k_heads

    def weights(self) -> Weights:
        """Projections, convolution, decay parameters and the gated norm."""
        return self._kda() if self.kind == "kda" else self._gdn()

    def _gdn(self) -> Weights:
        component, here = "attention.gdn", "linear_attn"
        keys, values = self.k_heads * self.k_dim, self.v_heads * self.v_dim
        by_key, by_value = (Split.UNITS, self.k_heads), (Split.UNITS, self.v_heads)
        return (
            linear(component, f"{here}.in_proj_qkv", (2 * keys, self.hidden), *by_key)
            + linear(component, f"{here}.in_proj_qkv", (values, self.hidden), *by_value)
            + linear(component, f"{here}.in_proj_z", (values, self.hidden), *by_value)
            + linear(component, f"{here}.in_proj_b", (self.v_heads, self.hidden), *by_value)
            + linear(component, f"{here}.in_proj_a", (self.v_heads, self.hidden), *by_value)
            + linear(component, f"{here}.out_proj", (self.hidden, values), *by_value)
            + vector("convolutions", f"{here}.conv1d", 2 * keys * self.kernel, *by_key)
            + vector("convolutions", f"{here}.conv1d", values * self.kernel, *by_value)
            + vector("gates", f"{here}.dt_bias", self.v_heads, *by_value)
            + vector("gates", f"{here}.A_log", self.v_heads, *by_value)
            + norm(f"{here}.norm", self.v_dim)
        )

    def _kda(self) -> Weights:
        component, here, units = "attention.kda", "self_attn", (Split.UNITS, self.v_heads)
        keys, values = self.k_heads * self.k_dim, self.v_heads * self.v_dim
        result = linear(component, f"{here}.q_proj", (keys, self.hidden), *units)
        result += linear(component, f"{here}.k_proj", (keys, self.hidden), *units)
        result += linear(component, f"{here}.v_proj", (values, self.hidden), *units)
        result += linear(component, f"{here}.f_a_proj", (self.k_dim, self.hidden))
        result += linear(component, f"{here}.f_b_proj", (keys, self.k_dim), *units)
        result += linear(component, f"{here}.b_proj", (self.v_heads, self.hidden), *units)
        if self.full_gate:
            result += linear("gates", f"{here}.g_proj", (values, self.hidden), *units)
        else:
            result += linear(component, f"{here}.g_a_proj", (self.v_dim, self.hidden))
            result += linear(component, f"{here}.g_b_proj", (values, self.v_dim), *units)
        result += linear(component, f"{here}.o_proj", (self.hidden, values), *units)
        result += vector("convolutions", f"{here}.conv1d", (2 * keys + values) * self.kernel, *units)
        result += vector("gates", f"{here}.dt_bias", keys, *units)
        result += vector("gates", f"{here}.A_log", self.v_heads, *units)
        return result + norm(f"{here}.o_norm", self.v_dim)

    def cache(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - it does not grow
        """One matrix for each value head, and the tail of the convolution."""
        keys, values = self.k_heads * self.k_dim, self.v_heads * self.v_dim
        return (
            Cache(self.v_heads * self.k_dim * self.v_dim, self.v_heads, self.state_bytes),
            _conv_state(2 * keys + values, self.kernel, self.k_heads),
        )

    def read(self, length: int) -> tuple[Cache, ...]:
        """All of it."""
        return self.cache(length)

    def core_flops(self, prefix: int, new: int) -> int:  # noqa: ARG002 - it does not grow
        """Token by token: read the key's value, correct it, write it, read the query's; two operations each."""
        return 6 * self.v_heads * self.k_dim * self.v_dim * new


@dataclass(frozen=True, slots=True)
class Mamba2:
    """A selective state space with one decay for each head.

    Attributes:
        hidden: Width of the residual stream.
        heads: Heads.
        dim: Width of a head.
        groups: Groups that share B and C.
        state: Size of the state for each channel.
        kernel: Tokens that the convolution spans.
        conv_bias: Bias on the convolution.
        bias: Bias on the input and output projections.
        gated_norm: Whether a norm as wide as the inner width stands before the output projection.
        name: Checkpoint name of the mixer.
        state_bytes: Bytes of one number of the state.
    """

    hidden: int
    heads: int
    dim: int
    groups: int
    state: int
    kernel: int
    conv_bias: bool = True
    bias: bool = False
    gated_norm: bool = True
    name: str = "mixer"
    state_bytes: int = 4
    kind: str = "mamba2"

    @property
    def units(self) -> int:
        """Heads."""
        return self.heads

    @property
    def inner(self) -> int:
        """Width of all heads."""
        return self.heads * self.dim

    def weights(self) -> Weights:
        """Projections, convolution, decay parameters and the gated norm."""
        component, here, inner = "attention.mamba2", self.name, self.inner
        shared = 2 * self.groups * self.state
        by_head, by_group = (Split.UNITS, self.heads), (Split.KV, self.groups)
        wide = 2 * inner + self.heads
        channels = self.kernel + (1 if self.conv_bias else 0)
        return (
            linear(component, f"{here}.in_proj", (wide, self.hidden), *by_head, bias=wide if self.bias else 0)
            + linear(component, f"{here}.in_proj", (shared, self.hidden), *by_group, bias=shared if self.bias else 0)
            + linear(component, f"{here}.out_proj", (self.hidden, inner), *by_head)
            + vector(component, f"{here}.out_proj", self.hidden if self.bias else 0)
            + vector("convolutions", f"{here}.conv1d", inner * channels, *by_head)
            + vector("convolutions", f"{here}.conv1d", shared * channels, *by_group)
            + vector("gates", f"{here}.A_log", self.heads, *by_head)
            + vector("gates", f"{here}.D", self.heads, *by_head)
            + vector("gates", f"{here}.dt_bias", self.heads, *by_head)
            + vector("norms", f"{here}.norm", inner if self.gated_norm else 0, *by_head)
        )

    def cache(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - it does not grow
        """The state of every channel, and the tail of the convolution."""
        return (
            Cache(self.inner * self.state, self.heads, self.state_bytes),
            _conv_state(self.inner, self.kernel, self.heads),
            _conv_state(2 * self.groups * self.state, self.kernel, self.groups),
        )

    def read(self, length: int) -> tuple[Cache, ...]:
        """All of it."""
        return self.cache(length)

    def core_flops(self, prefix: int, new: int) -> int:  # noqa: ARG002 - it does not grow
        """Token by token: decay and write, then read; two operations each."""
        return 4 * self.inner * self.state * new


@dataclass(frozen=True, slots=True)
class Mamba1:
    """A selective state space with a decay of its own for each channel and state.

    Attributes:
        hidden: Width of the residual stream.
        inner: Channels.
        state: Size of the state for each channel.
        kernel: Tokens that the convolution spans.
        rank: Width that the step size is projected through.
        conv_bias: Bias on the convolution.
        bias: Bias on the input and output projections.
        inner_norms: Norms on step size, B and C, as Jamba has them.
        state_bytes: Bytes of one number of the state.
    """

    hidden: int
    inner: int
    state: int
    kernel: int
    rank: int
    conv_bias: bool = True
    bias: bool = False
    inner_norms: bool = False
    state_bytes: int = 4
    kind: str = "mamba"

    @property
    def units(self) -> int:
        """Channels."""
        return self.inner

    def weights(self) -> Weights:
        """Projections, convolution, decay parameters and norms."""
        component, here, units = "attention.mamba", "mamba", (Split.UNITS, self.inner)
        channels = self.kernel + (1 if self.conv_bias else 0)
        result = (
            linear(
                component,
                f"{here}.in_proj",
                (2 * self.inner, self.hidden),
                *units,
                bias=2 * self.inner if self.bias else 0,
            )
            + linear(component, f"{here}.x_proj", (self.rank + 2 * self.state, self.inner), *units)
            + linear(component, f"{here}.dt_proj", (self.inner, self.rank), *units)
            + vector("gates", f"{here}.dt_proj", self.inner, *units)
            + linear(component, f"{here}.out_proj", (self.hidden, self.inner), *units)
            + vector(component, f"{here}.out_proj", self.hidden if self.bias else 0)
            + vector("convolutions", f"{here}.conv1d", self.inner * channels, *units)
            + vector("gates", f"{here}.A_log", self.inner * self.state, *units)
            + vector("gates", f"{here}.D", self.inner, *units)
        )
        if self.inner_norms:
            result += norm(f"{here}.dt_layernorm", self.rank)
            result += norm(f"{here}.b_layernorm", self.state) + norm(f"{here}.c_layernorm", self.state)
        return result

    def cache(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - it does not grow
        """The state of every channel, and the tail of the convolution."""
        state = Cache(self.inner * self.state, self.inner, self.state_bytes)
        return (state, _conv_state(self.inner, self.kernel, self.inner))

    def read(self, length: int) -> tuple[Cache, ...]:
        """All of it."""
        return self.cache(length)

    def core_flops(self, prefix: int, new: int) -> int:  # noqa: ARG002 - it does not grow
        """Token by token: decay and write, then read; two operations each."""
        return 4 * self.inner * self.state * new


@dataclass(frozen=True, slots=True)
class ShortConv:
    """A gated short convolution, as LFM2 has it.

    Attributes:
        hidden: Width of the residual stream and of the convolution.
        kernel: Tokens that the convolution spans.
        bias: Biases on projections and convolution.
    """

    hidden: int
    kernel: int
    bias: bool = False
    kind: str = "short_conv"

    @property
    def units(self) -> int:
        """Channels."""
        return self.hidden

    def weights(self) -> Weights:
        """Projections and convolution."""
        component, here, units = "attention.short_conv", "conv", (Split.UNITS, self.hidden)
        wide = 3 * self.hidden
        return (
            linear(component, f"{here}.in_proj", (wide, self.hidden), *units, bias=wide if self.bias else 0)
            + linear(component, f"{here}.out_proj", (self.hidden, self.hidden), *units)
            + vector(component, f"{here}.out_proj", self.hidden if self.bias else 0)
            + vector("convolutions", f"{here}.conv", self.hidden * (self.kernel + (1 if self.bias else 0)), *units)
        )

    def cache(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - it does not grow
        """The tail of the convolution."""
        return (_conv_state(self.hidden, self.kernel, self.hidden),)

    def read(self, length: int) -> tuple[Cache, ...]:
        """All of it."""
        return self.cache(length)

    def core_flops(self, prefix: int, new: int) -> int:  # noqa: ARG002 - it does not grow
        """The convolution itself."""
        return 2 * self.hidden * self.kernel * new
