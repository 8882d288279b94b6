"""What a mixer must be able to tell about itself, and the attention kinds that keep keys and values by head."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from harness.reference import spans
from harness.reference.weights import Split, Weights, linear, norm, tagged, vector


@dataclass(frozen=True, slots=True)
class Cache:
    """Numbers that one mixer keeps for one sequence.

    Attributes:
        elements: How many numbers, over all tensor-parallel ranks without copies.
        units: Heads or groups that ranks divide it by, with copies where there are fewer units than ranks; 0 if
            every rank keeps all of it.
        state_bytes: Bytes of one number if it is recurrent state, whose precision does not follow the KV cache's;
            None for keys and values.
    """

    elements: int
    units: int = 0
    state_bytes: int | None = None


class Mixer(Protocol):
    """Mixes tokens. Lengths and spans are in tokens of one sequence."""

    @property
    def kind(self) -> str:
        """One of the kinds that `layers.py` lists."""

    @property
    def units(self) -> int:
        """Heads that tensor parallelism cannot cut; 0 if there are none."""

    def weights(self) -> Weights:
        """Every learned tensor of the mixer, its inner norms included."""

    def cache(self, length: int) -> tuple[Cache, ...]:
        """Keys and values kept for a sequence of this length; recurrent state is constant."""

    def read(self, length: int) -> tuple[Cache, ...]:
        """The part of the cache that the token at the end of a sequence of this length must look at."""

    def core_flops(self, prefix: int, new: int) -> int:
        """Floating-point operations of `new` tokens after `prefix` others, outside the projections."""


@dataclass(frozen=True, slots=True)
class NoMixer:
    """A layer that mixes nothing."""

    kind: str = "none"
    units: int = 0

    def weights(self) -> Weights:
        """None."""
        return ()

    def cache(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - the protocol's signature
        """None."""
        return ()

    def read(self, length: int) -> tuple[Cache, ...]:  # noqa: ARG002 - the protocol's signature
        """None."""
        return ()

    def core_flops(self, prefix: int, new: int) -> int:  # noqa: ARG002 - the protocol's signature
        """None."""
        return 0


@dataclass(frozen=True, slots=True)
class BlockIndex:
    """A small indexer that picks blocks of keys for block-sparse attention.

    Attributes:
        heads: Its query heads; it has one key head.
        dim: Width of a head.
        block: Keys in a block.
        top: Blocks that a query attends to.
    """

    heads: int
    dim: int
    block: int
    top: int


@dataclass(frozen=True, slots=True)
class Attention:
    """Softmax attention with key and value heads of its own: `full`, `window`, `chunked`, `block_sparse`.

    Attributes:
        kind: One of these.
        hidden: Width of the residual stream.
        heads: Query heads.
        kv_heads: Key and value heads.
        dim: Width of a query and key head.
        v_dim: Width of a value head.
        reach: Tokens a query sees: the window or the chunk; 0 if there is no limit.
        bias: Biases on the q, k, v projections.
        out_bias: Bias on the output projection.
        head_norms: Norms over one query and one key head, shared by all heads.
        full_norms: Norms over all query heads at once and all key heads at once.
        gated: `q_proj` also gives a gate as wide as the queries.
        head_gate: A separate projection gives one gate for each head.
        sinks: A learned logit for each head.
        shared_kv: Values are the keys, so that there is no value projection; the cache still keeps both, because
            only keys are rotated and normed.
        index: The indexer of block-sparse attention.
        input_width: Width that q, k and v read, where it is not `hidden`; 0 if it is.
        shared: Name under which several layers use the same tensors; empty if the layer owns them.
        names: Checkpoint names of the mixer and of its output projection.
    """

    kind: str
    hidden: int
    heads: int
    kv_heads: int
    dim: int
    v_dim: int
    reach: int = 0
    bias: bool = False
    out_bias: bool = False
    head_norms: bool = False
    full_norms: bool = False
    gated: bool = False
    head_gate: bool = False
    sinks: bool = False
    shared_kv: bool = False
    index: BlockIndex | None = None
    input_width: int = 0
    shared: str = ""
    names: tuple[str, str] = field(default=("self_attn", "o_proj"))

    @property
    def units(self) -> int:
        """Query heads."""
        return self.heads

    def weights(self) -> Weights:
        """Projections, biases, norms, gates and sinks."""
        here, out = self.names
        component, width = f"attention.{self.kind}", self.input_width or self.hidden
        q, k, v = self.heads * self.dim * (2 if self.gated else 1), self.kv_heads * self.dim, self.kv_heads * self.v_dim
        units, kv = (Split.UNITS, self.heads), (Split.KV, self.kv_heads)
        result = linear(component, f"{here}.q_proj", (q, width), *units, bias=q if self.bias else 0)
        result += linear(component, f"{here}.k_proj", (k, width), *kv, bias=k if self.bias else 0)
        if not self.shared_kv:
            result += linear(component, f"{here}.v_proj", (v, width), *kv, bias=v if self.bias else 0)
        result += linear(component, f"{here}.{out}", (self.hidden, self.heads * self.v_dim), *units)
        result += vector(component, f"{here}.{out}", self.hidden if self.out_bias else 0)
        if self.head_norms:
            result += norm(f"{here}.q_norm", self.dim) + norm(f"{here}.k_norm", self.dim)
        if self.full_norms:
            result += vector("norms", f"{here}.q_norm", self.heads * self.dim, *units)
            result += vector("norms", f"{here}.k_norm", k, *kv)
        if self.head_gate:
            result += linear("gates", f"{here}.g_proj", (self.heads, self.hidden), *units)
        result += vector("gates", f"{here}.sinks", self.heads if self.sinks else 0, *units)
        result += self._index_weights(component, here) if self.index else ()
        return tagged(result, self.shared) if self.shared else result

    def _index_weights(self, component: str, here: str) -> Weights:
        index = self.index
        if index is None:
            return ()
        return (
            linear(component, f"{here}.index_q_proj", (index.heads * index.dim, self.hidden), Split.KV, index.heads)
            + linear(component, f"{here}.index_k_proj", (index.dim, self.hidden))
            + norm(f"{here}.index_q_norm", index.dim)
            + norm(f"{here}.index_k_norm", index.dim)
        )

    def cache(self, length: int) -> tuple[Cache, ...]:
        """Keys and values, as far back as a query can see, and the indexer's keys."""
        kept = min(length, self.reach) if self.reach else length
        keys = Cache(kept * self.kv_heads * (self.dim + self.v_dim), self.kv_heads)
        return (keys, Cache(length * self.index.dim)) if self.index else (keys,)

    def read(self, length: int) -> tuple[Cache, ...]:
        """All that is kept; of blocks only the picked ones; of a chunk only what has begun."""
        if self.kind == "chunked":
            return self.cache((length - 1) % self.reach + 1)
        if self.index:
            seen = min(length, self.index.block * self.index.top)
            return (
                Cache(seen * self.kv_heads * (self.dim + self.v_dim), self.kv_heads),
                Cache(length * self.index.dim),
            )
        return self.cache(length)

    def core_flops(self, prefix: int, new: int) -> int:
        """Scores and weighted values, two operations for each multiply-add; and the indexer's scores."""
        if self.kind == "chunked":
            pairs = spans.chunked(prefix, new, self.reach)
        elif self.index:
            pairs = spans.windowed(prefix, new, self.index.block * self.index.top)
        elif self.reach:
            pairs = spans.windowed(prefix, new, self.reach)
        else:
            pairs = spans.causal(prefix, new)
        flops = 2 * self.heads * (self.dim + self.v_dim) * pairs
        if self.index:
            flops += 2 * self.index.heads * self.index.dim * spans.causal(prefix, new)
        return flops


@dataclass(frozen=True, slots=True)
class Both:
    """Two mixers in one layer, side by side or one after the other.

    Attributes:
        first: The one that runs first.
        second: The other.
        extra: Tensors that join them.
    """

    first: Mixer
    second: Mixer
    extra: Weights = ()

    @property
    def kind(self) -> str:
        """Both kinds."""
        return f"{self.first.kind}_{self.second.kind}"

    @property
    def units(self) -> int:
        """Heads of the first; the second must be divisible as well, which its weights show."""
        return self.first.units

    def weights(self) -> Weights:
        """Of both."""
        return self.first.weights() + self.second.weights() + self.extra

    def cache(self, length: int) -> tuple[Cache, ...]:
        """Of both."""
        return self.first.cache(length) + self.second.cache(length)

    def read(self, length: int) -> tuple[Cache, ...]:
        """Of both."""
        return self.first.read(length) + self.second.read(length)

    def core_flops(self, prefix: int, new: int) -> int:
        """Of both."""
        return self.first.core_flops(prefix, new) + self.second.core_flops(prefix, new)
