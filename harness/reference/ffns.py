"""What stands behind the mixer in a layer: dense feed-forwards, experts, both, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from harness.reference.weights import Split, Weight, Weights, linear, norm, tagged, vector


class Ffn(Protocol):
    """The feed-forward of a layer."""

    @property
    def kind(self) -> str:
        """One of the kinds that `layers.py` lists."""

    @property
    def label(self) -> str:
        """The kind with what tells two of a kind apart, for printing."""

    def weights(self) -> Weights:
        """Every learned tensor."""


@dataclass(frozen=True, slots=True)
class NoFfn:
    """A layer without a feed-forward."""

    kind: str = "none"
    label: str = "none"

    def weights(self) -> Weights:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Dense:
    """One feed-forward for every token.

    Attributes:
        hidden: Width of the residual stream.
        inner: Inner width.
        gated: Whether a second input projection gates the first.
        bias: Biases on all projections.
        shared: Name under which several layers use the same tensors; empty if the layer owns them.
        name: Checkpoint name of the feed-forward.
    """

    hidden: int
    inner: int
    gated: bool = True
    bias: bool = False
    shared: str = ""
    name: str = "mlp"
    kind: str = "dense"

    @property
    def label(self) -> str:
        """The kind."""
        return self.kind

    def weights(self) -> Weights:
        """The projections."""
        size = self.hidden, self.inner
        return tagged(_feed_forward("dense_ffn", self.name, size, gated=self.gated, bias=self.bias), self.shared)


@dataclass(frozen=True, slots=True)
class Moe:
    """Routed experts, with or without shared ones: `moe`, `latent_moe`, or `dense_moe` beside a dense feed-forward.

    Attributes:
        hidden: Width of the residual stream.
        experts: Routed experts.
        top: Experts that one token is sent to.
        inner: Inner width of a routed expert.
        gated: Whether a second input projection gates the first.
        bias: Biases on the experts' projections.
        shared_inner: Inner width of all shared experts together; 0 if there are none.
        shared_gate: Whether a learned gate scales the shared experts' output.
        router_bias: Bias on the router.
        correction: A learned offset for each expert that only routing sees.
        router_scales: Learned scales: `hidden` for the router's input and one for each expert.
        latent: Width that routed experts work in; 0 if it is `hidden`.
        latent_norm: Norm in the latent space.
        beside: A dense feed-forward that runs beside the experts.
        name: Checkpoint name of the feed-forward.
    """

    hidden: int
    experts: int
    top: int
    inner: int
    gated: bool = True
    bias: bool = False
    shared_inner: int = 0
    shared_gate: bool = False
    router_bias: bool = False
    correction: bool = False
    router_scales: bool = False
    latent: int = 0
    latent_norm: bool = False
    beside: Dense | None = None
    name: str = "mlp"

    @property
    def kind(self) -> str:
        """The kind."""
        return "dense_moe" if self.beside else "latent_moe" if self.latent else "moe"

    @property
    def label(self) -> str:
        """Kind, number of experts, and how many a token is sent to."""
        return f"{self.kind}{self.experts}x{self.top}"

    def weights(self) -> Weights:
        """Router, experts, shared experts, and the dense feed-forward beside them."""
        here, width = self.name, self.latent or self.hidden
        result = linear(
            "router", f"{here}.gate", (self.experts, self.hidden), bias=self.experts if self.router_bias else 0
        )
        result += vector("router", f"{here}.gate.e_score_correction_bias", self.experts if self.correction else 0)
        if self.router_scales:
            result += vector("router", "router.scale", self.hidden)
            result += vector("router", "router.per_expert_scale", self.experts)
        routed = _feed_forward(
            "routed_experts", f"{here}.experts", (width, self.inner), gated=self.gated, bias=self.bias
        )
        result += tuple(self._for_all_experts(weight) for weight in routed)
        if self.latent:
            result += linear("routed_experts", f"{here}.latent_down_proj", (self.latent, self.hidden))
            result += linear("routed_experts", f"{here}.latent_up_proj", (self.hidden, self.latent))
            result += norm(f"{here}.latent_norm", self.latent if self.latent_norm else 0)
        if self.shared_inner:
            result += _feed_forward(
                "shared_experts",
                f"{here}.shared_experts",
                (self.hidden, self.shared_inner),
                gated=self.gated,
                bias=False,
            )
        if self.shared_gate:
            result += linear("gates", f"{here}.shared_expert_gate", (1, self.hidden))
        return result + (self.beside.weights() if self.beside else ())

    def _for_all_experts(self, weight: Weight) -> Weight:
        return replace(weight, split=Split.EXPERTS, units=self.inner, copies=self.experts, used=self.top)


def _feed_forward(component: str, name: str, size: tuple[int, int], *, gated: bool, bias: bool) -> Weights:
    hidden, inner = size
    units, wide = (Split.UNITS, inner), inner if bias else 0
    result = linear(component, f"{name}.gate_proj", (inner, hidden), *units, bias=wide) if gated else ()
    result += linear(component, f"{name}.up_proj", (inner, hidden), *units, bias=wide)
    result += linear(component, f"{name}.down_proj", (hidden, inner), *units)
    return result + vector(component, f"{name}.down_proj", hidden if bias else 0)
