"""What the ops of a model should look like, by the reference: matrices and kernels of each part, on one rank.

A part is what one op of a layer multiplies with, such as the fused q, k and v projection. Which weights make up a part
is data: `fixtures/weight_parts.toml`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.data_files import Record, data_path, load_toml
from harness.reference.counting.ranks import Layout, Rank, cache_share, weight_share
from harness.reference.ffns import Moe
from harness.reference.latent import CompressedAttention, LatentAttention
from harness.reference.mixers import Attention, Both, Cache
from harness.reference.recurrent import DeltaNet, Mamba2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.mixers import Mixer
    from harness.reference.weights import Weight, Weights

PRICED_AS = {"chunked": "window"}
"""Kinds of mixers that are known to subjects under another name: a chunk is a window that is emptied when full."""


class Part(NamedTuple):
    """What an op stands for.

    Attributes:
        component: As in `Op`.
        part: As in `Op`.
        mixer: Kind of mixer for attention, empty for everything else.
    """

    component: str
    part: str
    mixer: str = ""

    def __str__(self) -> str:
        words = [self.component, self.mixer, self.part]
        return ".".join(word for word in words if word and word not in ("table", "core"))


class Shape(NamedTuple):
    """Output and input features of a matrix on one rank."""

    rows: int
    columns: int

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


class Kernel(NamedTuple):
    """Dimensions of a mixer's kernel on one rank; 0 where the kind has no such thing."""

    heads: int
    kv_heads: int = 0
    head_dim: int = 0
    window: int = 0


class Experts(NamedTuple):
    """Dimensions of routed experts, over all ranks: how many, how many a token passes, and the widths of one."""

    experts: int
    top: int
    inner: int
    columns: int


Matrices = dict[Part, Counter[Shape]]


class _Rule(Record):
    component: str
    name: str
    part: str
    cut: Literal["rows", "columns"]
    mixer: str = ""
    counted: str = ""


class _Rules(Record):
    parts: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reference expects of the ops of one phase.

    Attributes:
        matrices: How many layers have a matrix of each shape, by part.
        kernels: How many layers have a kernel of these dimensions, by kind of mixer.
        experts: How many layers have routed experts of these dimensions.
        feed_forwards: How many layers have a feed-forward of any kind.
    """

    matrices: Mapping[Part, Counter[Shape]]
    kernels: Mapping[str, Counter[Kernel]]
    experts: Counter[Experts]
    feed_forwards: int

    def layers(self, part: Part) -> int:
        """How many layers have a part; with the mixer left open, layers of all kinds of mixers together."""
        if part.component == "routed_experts" and part.part == "core":
            return self.experts.total()
        if part.part == "core":
            return self.kernels.get(part.mixer, Counter()).total()
        return self.shapes(part).total()

    def shapes(self, part: Part) -> Counter[Shape]:
        """Shapes of a part; with the mixer left open, of all kinds of mixers together."""
        found: Counter[Shape] = Counter()
        for known, shapes in self.matrices.items():
            if known[:2] == part[:2] and part.mixer in ("", known.mixer):
                found.update(shapes)
        return found


def expected_of(plan: LayerPlan, tp: int = 1, *, gates_apart: frozenset[str] = frozenset()) -> Expected:
    """What to expect of the ops of a plan.

    Args:
        plan: The plan.
        tp: Tensor-parallel ranks.
        gates_apart: Components whose gate is multiplied apart from the projection that it gates.
    """
    matrices: Matrices = {}
    for name, weight in (("embedding", plan.embedding), ("head", plan.output)):
        matrices[Part(name, "table")] = Counter({_shape(weight, "rows", tp): 1})
    kernels: dict[str, Counter[Kernel]] = {}
    experts: Counter[Experts] = Counter()
    for layer, count, weights in plan.distinct:
        for part, shape in _layer_matrices(layer, weights, tp, gates_apart).items():
            matrices.setdefault(part, Counter())[shape] += count
        for mixer in _single(layer.mixer):
            kernel = _kernel(mixer, tp)
            if kernel:
                kernels.setdefault(PRICED_AS.get(mixer.kind, mixer.kind), Counter())[kernel] += count
        if isinstance(layer.ffn, Moe):
            ffn = layer.ffn
            experts[Experts(ffn.experts, ffn.top, ffn.inner, ffn.latent or ffn.hidden)] += count
    feed_forwards = sum(layer.ffn.kind != "none" for layer in plan.layers)
    return Expected(matrices, kernels, experts, feed_forwards)


def _single(mixer: Mixer) -> Iterator[Mixer]:
    if isinstance(mixer, Both):
        yield from _single(mixer.first)
        yield from _single(mixer.second)
    else:
        yield mixer


def _layer_matrices(layer: Layer, weights: Weights, tp: int, gates_apart: frozenset[str]) -> dict[Part, Shape]:
    found: dict[Part, Shape] = {}
    for weight in weights:
        rule = _rule(weight.component, layer.mixer.kind, weight.name) if weight.matmul else None
        if rule is None or not rule.part:
            continue
        component, _, kind = (rule.counted or weight.component).partition(".")
        mixer = (kind or layer.mixer.kind) if component == "attention" else ""
        name = "in" if rule.part == "gate" and component not in gates_apart else rule.part
        part = Part(component, name, PRICED_AS.get(mixer, mixer))
        shape = _shape(weight, rule.cut, tp)
        known = found.get(part)
        found[part] = Shape(known.rows + shape.rows, shape.columns) if known else shape
    return found


def _shape(weight: Weight, cut: str, tp: int) -> Shape:
    share = weight_share(weight, Layout(tp=tp), Rank())
    rows, columns = weight.rows, weight.columns
    return Shape(int(rows * share), columns) if cut == "rows" else Shape(rows, int(columns * share))


def _kernel(mixer: Mixer, tp: int) -> Kernel | None:
    if isinstance(mixer, Attention):
        kv_heads = int(mixer.kv_heads * cache_share(Cache(0, mixer.kv_heads), tp))
        return Kernel(mixer.heads // tp, kv_heads, mixer.dim, mixer.reach)
    if isinstance(mixer, LatentAttention):
        return Kernel(mixer.heads // tp)
    if isinstance(mixer, CompressedAttention):
        return Kernel(mixer.heads // tp, 0, mixer.dim, mixer.window)
    if isinstance(mixer, DeltaNet):
        return Kernel(mixer.v_heads // tp, mixer.k_heads // tp, mixer.v_dim)
    if isinstance(mixer, Mamba2):
        return Kernel(mixer.heads // tp, 0, mixer.dim)
    return Kernel(0) if mixer.kind != "none" else None


@cache
def _rule(component: str, mixer: str, name: str) -> _Rule | None:
    stored = _rules()
    return next((rule for rule in stored if _fits(rule, component, mixer, name)), None)


def _fits(rule: _Rule, component: str, mixer: str, name: str) -> bool:
    return bool(
        re.fullmatch(rule.component, component)
        and (not rule.mixer or re.fullmatch(rule.mixer, mixer))
        and re.search(rule.name, name)
    )


@cache
def _rules() -> tuple[_Rule, ...]:
    return load_toml(data_path("fixtures", "weight_parts.toml"), _Rules).parts
