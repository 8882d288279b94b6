"""Attention over a compressed cache: MLA, MLA with an indexer (DSA), and DeepSeek-V4's compressed kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference import spans
from harness.reference.mixers import Cache
from harness.reference.weights import Split, linear, norm, vector

if TYPE_CHECKING:
    from harness.reference.weights import Weights


@dataclass(frozen=True, slots=True)
class TokenIndex:
    """The indexer that picks tokens.

    Attributes:
        heads: Its query heads; it has one key head.
        dim: Width of a head.
        top: Tokens (or compressed entries) that a query attends to.
        owned: Whether the layer runs its own indexer; otherwise it takes the picks of an earlier layer.
    """

    heads: int
    dim: int
    top: int
    owned: bool = True


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention: `mla`, or `dsa` with an indexer.

    Attributes:
        hidden: Width of the residual stream.
        heads: Query heads.
        q_rank: Width of the compressed query; 0 if queries are projected directly.
        kv_rank: Width of the cached latent.
        nope: Width of a head's part without position.
        rope: Width of the part with position, cached once for all heads.
        v_dim: Width of a value head.
        bias: Biases on the projections into the latents and on the output.
        gated: A separate projection gives an output gate as wide as all value heads.
        index: The indexer.
    """

    hidden: int
    heads: int
    q_rank: int
    kv_rank: int
    nope: int
    rope: int
    v_dim: int
    bias: bool = False
    gated: bool = False
    index: TokenIndex | None = None

    @property
    def kind(self) -> str:
        """`dsa` if an indexer picks tokens, else `mla`."""
        return "dsa" if self.index else "mla"

    @property
    def units(self) -> int:
        """Query heads."""
        return self.heads

    def weights(self) -> Weights:
        """Low-rank pairs, output, norms of the latents, gate and indexer."""
        component, here, units = f"attention.{self.kind}", "self_attn", (Split.UNITS, self.heads)
        queries, cached = self.heads * (self.nope + self.rope), self.kv_rank + self.rope
        if self.q_rank:
            bias = self.q_rank if self.bias else 0
            result = linear(component, f"{here}.q_a_proj", (self.q_rank, self.hidden), bias=bias)
            result += norm(f"{here}.q_a_layernorm", self.q_rank)
            result += linear(component, f"{here}.q_b_proj", (queries, self.q_rank), *units)
        else:
            result = linear(component, f"{here}.q_proj", (queries, self.hidden), *units)
        result += linear(
            component, f"{here}.kv_a_proj_with_mqa", (cached, self.hidden), bias=cached if self.bias else 0
        )
        result += norm(f"{here}.kv_a_layernorm", self.kv_rank)
        result += linear(component, f"{here}.kv_b_proj", (self.heads * (self.nope + self.v_dim), self.kv_rank), *units)
        result += linear(component, f"{here}.o_proj", (self.hidden, self.heads * self.v_dim), *units)
        result += vector(component, f"{here}.o_proj", self.hidden if self.bias else 0)
        if self.gated:
            result += linear("gates", f"{here}.g_proj", (self.heads * self.v_dim, self.hidden), *units)
        if self.index and self.index.owned:
            width = self.index.heads * self.index.dim
            # Every rank runs the whole indexer, because every rank needs the same picks.
            result += linear(component, f"{here}.indexer.wq_b", (width, self.q_rank))
            result += linear(component, f"{here}.indexer.wk", (self.index.dim, self.hidden))
            result += linear(component, f"{here}.indexer.weights_proj", (self.index.heads, self.hidden))
            result += norm(f"{here}.indexer.k_norm", self.index.dim, bias=True)
        return result

    def _keys(self, length: int) -> tuple[Cache, ...]:
        owned = self.index and self.index.owned
        return (Cache(length * self.index.dim),) if self.index and owned else ()

    def cache(self, length: int) -> tuple[Cache, ...]:
        """The latent and the positional key, whole on every rank, and the indexer's keys."""
        return (Cache(length * (self.kv_rank + self.rope)), *self._keys(length))

    def read(self, length: int) -> tuple[Cache, ...]:
        """All latents, or those of the picked tokens and all of the indexer's keys."""
        seen = min(length, self.index.top) if self.index else length
        return (Cache(seen * (self.kv_rank + self.rope)), *self._keys(length))

    def core_flops(self, prefix: int, new: int) -> int:
        """The cheaper of the two orders: on heads unfolded from the latents, or on the latents themselves."""
        pairs = spans.windowed(prefix, new, self.index.top) if self.index else spans.causal(prefix, new)
        unfolding = 2 * prefix * self.heads * (self.nope + self.v_dim) * self.kv_rank
        on_heads = 2 * self.heads * (self.nope + self.rope + self.v_dim) * pairs + unfolding
        on_latents = 2 * self.heads * (2 * self.kv_rank + self.rope) * pairs
        flops = min(on_heads, on_latents)
        if self.index and self.index.owned:
            flops += 2 * self.index.heads * self.index.dim * spans.causal(prefix, new)
        return flops


@dataclass(frozen=True, slots=True)
class CompressedAttention:
    """DeepSeek-V4's attention: a window of tokens beside compressed entries.

    One key head serves as key and value. Kind `window` has no compressed entries, `hca` attends to all of them, `csa`
    to those that its indexer picks.

    Attributes:
        hidden: Width of the residual stream.
        heads: Query heads.
        dim: Width of a query head and of the cached key.
        q_rank: Width of the compressed query.
        o_groups: Groups of heads that are projected to `o_rank` each before the output projection.
        o_rank: Width of a group's projection.
        window: Tokens of the window.
        ratio: Tokens in one compressed entry; 0 if there are none.
        index: The indexer over the entries.
    """

    hidden: int
    heads: int
    dim: int
    q_rank: int
    o_groups: int
    o_rank: int
    window: int
    ratio: int = 0
    index: TokenIndex | None = None

    @property
    def kind(self) -> str:
        """`csa`, `hca` or `window`."""
        return "csa" if self.index else "hca" if self.ratio else "window"

    @property
    def units(self) -> int:
        """Query heads."""
        return self.heads

    @property
    def reach(self) -> int:
        """The window, where there is nothing else."""
        return 0 if self.ratio else self.window

    @property
    def _overlap(self) -> int:
        # Entries that an indexer picks from are made of two overlapping groups of tokens, hence twice as wide.
        return 2 if self.index else 1

    def weights(self) -> Weights:
        """Queries, the one key head, grouped output, compressor, indexer, norms and sinks."""
        component, here, units = f"attention.{self.kind}", "self_attn", (Split.UNITS, self.heads)
        queries, groups = self.heads * self.dim, (Split.UNITS, self.o_groups)
        result = linear(component, f"{here}.q_a_proj", (self.q_rank, self.hidden))
        result += norm(f"{here}.q_a_norm", self.q_rank)
        result += linear(component, f"{here}.q_b_proj", (queries, self.q_rank), *units)
        result += linear(component, f"{here}.kv_proj", (self.dim, self.hidden)) + norm(f"{here}.kv_norm", self.dim)
        result += linear(
            component, f"{here}.o_a_proj", (self.o_groups * self.o_rank, queries // self.o_groups), *groups
        )
        result += linear(component, f"{here}.o_b_proj", (self.hidden, self.o_groups * self.o_rank), *groups)
        result += vector("gates", f"{here}.sinks", self.heads, *units)
        if self.ratio:
            result += self._compressor(f"{here}.compressor", self.dim)
        if self.index:
            inner = f"{here}.compressor.indexer"
            result += self._compressor(inner, self.index.dim)
            result += linear(component, f"{inner}.q_b_proj", (self.index.heads * self.index.dim, self.q_rank))
            result += linear(component, f"{inner}.weights_proj", (self.index.heads, self.hidden))
        return result

    def _compressor(self, here: str, dim: int) -> Weights:
        component, width = f"attention.{self.kind}", self._overlap * dim
        return (
            vector(component, f"{here}.position_bias", self.ratio * width)
            + linear(component, f"{here}.kv_proj", (width, self.hidden))
            + linear(component, f"{here}.gate_proj", (width, self.hidden))
            + norm(f"{here}.kv_norm", dim)
        )

    def cache(self, length: int) -> tuple[Cache, ...]:
        """The window, the finished compressed entries and their indexer keys; the unfinished group is left out."""
        entries = length // self.ratio if self.ratio else 0
        parts = [Cache(min(length, self.window) * self.dim), Cache(entries * self.dim)]
        if self.index:
            parts.append(Cache(entries * self.index.dim))
        return tuple(parts)

    def read(self, length: int) -> tuple[Cache, ...]:
        """The window, the attended entries, and all indexer keys."""
        if not self.index:
            return self.cache(length)
        window, _, keys = self.cache(length)
        return (window, Cache(min(length // self.ratio, self.index.top) * self.dim), keys)

    def core_flops(self, prefix: int, new: int) -> int:
        """Scores and values over window and entries, and the indexer's scores."""
        pairs = spans.windowed(prefix, new, self.window)
        index = 0
        if self.ratio:
            most = self.index.top if self.index else None
            pairs += spans.compressed(prefix, new, self.ratio, most)
        if self.index:
            index = 2 * self.index.heads * self.index.dim * spans.compressed(prefix, new, self.ratio)
        return 4 * self.heads * self.dim * pairs + index
