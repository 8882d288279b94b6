"""One stored tensor and how ranks divide it: what every count is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Split(Enum):
    """How ranks divide a tensor.

    `WHOLE` is on every tensor-parallel rank. `UNITS` is cut into units that are dealt out as evenly as they go.
    `KV` is the same, but where there are fewer units than ranks, neighbouring ranks keep copies of one unit.
    `EXPERTS` deals whole experts to the expert-parallel ranks and cuts each one among the others.
    """

    WHOLE = "whole"
    UNITS = "units"
    KV = "kv"
    EXPERTS = "experts"


@dataclass(frozen=True, slots=True)
class Weight:
    """A learned tensor, or several equal ones.

    Attributes:
        component: Component it is counted in; `layers.py` lists them.
        name: Module it belongs to, below its layer, as checkpoints spell it; quantization excludes by this name.
        rows: Output features; the size, for a vector.
        columns: Input features; 1 for a vector.
        split: How ranks divide it.
        units: Pieces that must stay whole when it is divided: heads, groups, columns of a feed-forward.
        copies: How many equal tensors this stands for: experts.
        used: How many of the copies one token passes.
        matmul: Whether tokens are multiplied with it.
        shared: Name under which several layers use one and the same tensor; empty if the layer owns it.
    """

    component: str
    name: str
    rows: int
    columns: int = 1
    split: Split = Split.WHOLE
    units: int = 1
    copies: int = 1
    used: int = 1
    matmul: bool = False
    shared: str = ""

    @property
    def parameters(self) -> int:
        """Learned numbers in all copies."""
        return self.rows * self.columns * self.copies

    @property
    def active(self) -> int:
        """Learned numbers in the copies that one token passes."""
        return self.rows * self.columns * self.used


Weights = tuple[Weight, ...]


def linear(  # noqa: PLR0913 - a projection has that many sides
    component: str, name: str, shape: tuple[int, int], split: Split = Split.WHOLE, units: int = 1, *, bias: int = 0
) -> Weights:
    """A projection.

    Args:
        component: Component it is counted in.
        name: Its module.
        shape: Output and input features.
        split: How ranks divide it.
        units: Pieces that stay whole.
        bias: Output features that have a bias, usually all or none. It is divided with the weight when the
            outputs are; a projection that sums over ranks keeps its bias whole, so give that one as `vector`.
    """
    rows, columns = shape
    weight = Weight(component, name, rows, columns, split, units, matmul=True)
    return (weight, replace(weight, rows=bias, columns=1, matmul=False)) if bias else (weight,)


def vector(component: str, name: str, size: int, split: Split = Split.WHOLE, units: int = 1) -> Weights:
    """A learned vector: norm, bias, per-head scalar; nothing at all for size 0."""
    return (Weight(component, name, size, split=split, units=units),) if size else ()


def norm(name: str, size: int, *, bias: bool = False) -> Weights:
    """A norm that every rank applies to the whole of `size` features, with a bias if it is a LayerNorm."""
    return vector("norms", name, size) + vector("norms", name, size if bias else 0)


def tagged(weights: Weights, shared: str) -> Weights:
    """The same weights, marked as one set that several layers use."""
    return tuple(replace(weight, shared=shared) for weight in weights)
