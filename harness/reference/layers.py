"""The words of a layer plan, and the components that its parameters are counted by.

Kinds of mixers: `full`, `window`, `chunked` (chunked local), `block_sparse` (full attention over blocks that a small
indexer picks), `mla`, `dsa` (MLA over the tokens that an indexer picks), `csa` and `hca` (DeepSeek-V4: a window beside
compressed entries, with and without an indexer), `gdn`, `kda`, `mamba` (Mamba-1), `mamba2`, `short_conv`, `none`; two
mixers in one layer are named in the order they run, such as `full_mamba2`.
Kinds of feed-forwards: `dense`, `moe` (routed experts, with or without shared ones), `dense_moe` (a dense one beside
the experts, each with its own norms), `latent_moe` (experts in a narrower space), `none`.

Components. Every learned parameter belongs to exactly one; the oracle counts by the same list:

| component | what it holds |
|---|---|
| `embedding` | the token embedding; a tied head is counted here and nowhere else |
| `head` | the output projection, if it is not the embedding |
| `attention.<mixer kind>` | every projection of the mixer with its biases: q, k, v, o; MLA's low-rank pairs; an indexer's and a compressor's projections and position biases; input and output projections of linear and Mamba mixers, with the gate (`z`, or the half of `q_proj`) that is part of them |
| `dense_ffn` | projections and biases of a dense feed-forward, also of the one beside experts |
| `routed_experts` | projections and biases of all routed experts, and the projections into and out of their latent space |
| `shared_experts` | projections and biases of the experts that every token passes |
| `router` | router weight and bias, per-expert correction bias, router scales |
| `norms` | every norm weight and bias of the text decoder: layer, final, q and k, low-rank, indexer, compressor, gated norms |
| `convolutions` | weights and biases of short convolutions |
| `gates` | small learned parameters: `A_log`, `D`, `dt_bias`, attention sinks, layer scalars, the shared-expert gate; and an output gate that is a projection of its own (`g_proj`) |
| `other` | what is none of these: hyper-connections, residual attention |
| `vision` | the vision tower and its projector; outside the total of the text decoder |
| `mtp` | multi-token-prediction blocks; outside the total of the text decoder |

A learned buffer that is saved with the weights (the router's correction bias, Gemma-4's layer scalar) is a parameter;
an integer lookup table is none.
"""  # noqa: E501 - a table row cannot be wrapped

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from harness.reference.folding import folded
from harness.reference.weights import Split, Weight, Weights

if TYPE_CHECKING:
    from harness.reference.ffns import Ffn
    from harness.reference.mixers import Mixer

OUTSIDE = ("vision", "mtp")
"""Components that belong to no text decoder."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer.

    Attributes:
        mixer: What mixes tokens.
        ffn: What follows.
        extras: The layer's own tensors outside both: norms, layer scalars, hyper-connections.
    """

    mixer: Mixer
    ffn: Ffn
    extras: Weights = ()

    @property
    def kinds(self) -> tuple[str, str]:
        """Kind of mixer, kind of feed-forward."""
        return self.mixer.kind, self.ffn.kind

    @property
    def label(self) -> str:
        """How a plan prints the layer, such as `window128+moe256x8`."""
        reach = getattr(self.mixer, "reach", 0)
        return f"{self.mixer.kind}{reach or ''}+{self.ffn.label}"

    def weights(self) -> Weights:
        """Every learned tensor of the layer."""
        return self.mixer.weights() + self.ffn.weights() + self.extras


@dataclass(frozen=True, slots=True)
class Tower:
    """A part that is counted beside the text decoder.

    Attributes:
        component: `vision` or `mtp`.
        parameters: Learned numbers; None if the config does not say enough to count them.
        reason: Why they cannot be counted.
    """

    component: str
    parameters: int | None
    reason: str = ""


@dataclass(frozen=True)
class LayerPlan:
    """A model as its config describes it.

    Attributes:
        model: HuggingFace id or path.
        architecture: Class that the config declares.
        hidden: Width of the residual stream.
        vocab: Rows of the embedding.
        tied: Whether the head is the embedding.
        layers: The decoder layers in order.
        extras: Tensors after the last layer: the final norm and what goes with it.
        towers: Parts beside the text decoder.
    """

    model: str
    architecture: str
    hidden: int
    vocab: int
    tied: bool
    layers: tuple[Layer, ...]
    extras: Weights
    towers: tuple[Tower, ...] = ()

    def __str__(self) -> str:
        runs = ((label, sum(1 for _ in group)) for label, group in groupby(layer.label for layer in self.layers))
        pieces = folded([f"{count}x({label})" for label, count in runs])
        return " ".join(f"{times}x[{' '.join(piece)}]" if times > 1 else piece[0] for piece, times in pieces)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """`(mixer, ffn)` of every layer, in order."""
        return tuple(layer.kinds for layer in self.layers)

    @property
    def is_moe(self) -> bool:
        """Whether any layer has routed experts."""
        return any("moe" in layer.ffn.kind for layer in self.layers)

    @cached_property
    def distinct(self) -> tuple[tuple[Layer, int, Weights], ...]:
        """Each different layer once: the layer, how often it occurs, its tensors."""
        return tuple((layer, count, layer.weights()) for layer, count in Counter(self.layers).items())

    @cached_property
    def weights_of(self) -> dict[int, Weights]:
        """Tensors of each layer, by the identity of the layer."""
        known: dict[Layer, Weights] = {layer: weights for layer, _, weights in self.distinct}
        return {id(layer): known[layer] for layer in self.layers}

    @property
    def embedding(self) -> Weight:
        """The token embedding; it is multiplied with only where it is the head too."""
        return Weight("embedding", "embed_tokens", self.vocab, self.hidden, Split.UNITS, self.vocab, matmul=self.tied)

    @property
    def head(self) -> Weights:
        """The output projection, if it is not the embedding."""
        return (
            ()
            if self.tied
            else (Weight("head", "lm_head", self.vocab, self.hidden, Split.UNITS, self.vocab, matmul=True),)
        )

    @property
    def output(self) -> Weight:
        """The tensor that gives the logits."""
        return self.head[0] if self.head else self.embedding

    @property
    def ends(self) -> Weights:
        """Tensors outside the layers: embedding, final norm, head."""
        return (self.embedding, *self.extras, *self.head)
