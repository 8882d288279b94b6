"""The ops that a model runs, each with the number of layers that run it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from harness.guide.labels import dimensions
from harness.guide.scaffold.words import indexer, kernels, op_of
from harness.reference.ffns import Moe
from harness.reference.mixers import Both

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.guide.scaffold.words import Matrix
    from harness.reference.layers import Layer, LayerPlan, Tower
    from harness.reference.mixers import Mixer
    from harness.reference.weights import Weight

FEED_FORWARD = "feed-forward"
OTHER = "other"
EXPERTS = "routed experts"
_OUTSIDE = "outside the layers"
_RANKS = "between ranks"
_MTP = "prediction (MTP)"
_SHOWN = 3
"""Sizes, and ranges of layers, in one cell."""

Key = tuple[str, str]
"""Where an op belongs, and the op."""


@dataclass(frozen=True, slots=True)
class Row:
    """One op.

    Attributes:
        group: Where it belongs: a kind of mixer, the feed-forward, or what lies outside.
        op: What it is.
        context: How often a prefill runs it.
        generation: How often a decode step runs it; `n` is the number of drafted tokens.
        size: Input and output features, or the dimensions of a kernel; empty where nothing is to be said.
        why: The layers that run it, or the reason.
    """

    group: str
    op: str
    context: str
    generation: str
    size: str
    why: str

    def cells(self) -> tuple[str, ...]:
        """As a table has it."""
        return self.group, self.op, self.context, self.generation, self.size, self.why


@dataclass(slots=True)
class _Found:
    layers: list[int] = field(default_factory=list)
    sizes: Counter[str] = field(default_factory=Counter)


def rows(plan: LayerPlan, *, predicting: bool = False) -> tuple[Row, ...]:
    """Every op, with counts from the plan alone.

    Args:
        plan: The plan.
        predicting: The config asks for prediction blocks, whether or not the plan has them.
    """
    tower = next((each for each in plan.towers if each.component == "mtp"), None)
    predicting = predicting or tower is not None
    return (
        *_ends(plan, predicting=predicting),
        *_of_layers(plan),
        *_between_ranks(plan),
        *(_prediction(tower) if predicting else ()),
    )


def _ends(plan: LayerPlan, *, predicting: bool) -> Iterator[Row]:
    often = "1 + n" if predicting else "1"
    drafted = "; once more for each drafted token" if predicting else ""
    size = f"{plan.vocab} x {plan.hidden}"
    yield Row(_OUTSIDE, "embedding", "1", often, size, f"before the first layer{drafted}")
    tied = "; the same tensor as the embedding" if plan.tied else ""
    yield Row(_OUTSIDE, "head", "1", often, f"{plan.hidden} -> {plan.vocab}", f"behind the last layer{tied}{drafted}")


def _of_layers(plan: LayerPlan) -> Iterator[Row]:
    found: dict[Key, _Found] = {}
    sizes = {layer: _ops(layer, weights) for layer, _, weights in plan.distinct}
    for index, layer in enumerate(plan.layers):
        for key, size in sizes[layer].items():
            entry = found.setdefault(key, _Found())
            entry.layers.append(index)
            entry.sizes[size] += 1
    groups = list(dict.fromkeys(group for group, _ in found))
    groups.sort(key=lambda group: (FEED_FORWARD, OTHER).index(group) if group in (FEED_FORWARD, OTHER) else -1)
    for group in groups:
        for (where, op), entry in found.items():
            if where == group:
                count = str(len(entry.layers))
                yield Row(group, op, count, count, _sizes(entry.sizes), ranges(entry.layers, len(plan.layers)))


def _ops(layer: Layer, weights: Sequence[Weight]) -> dict[Key, str]:
    """The ops of a layer in the order they run, each with its size."""
    shapes: dict[Key, dict[int, int]] = {}
    last: set[Key] = set()
    for weight in weights:
        if weight.matmul:
            rule = op_of(weight.component, weight.name)
            key = _group(layer, weight, rule), rule.op
            # Matrices with one input are multiplied as one.
            by_input = shapes.setdefault(key, {})
            by_input[weight.columns] = by_input.get(weight.columns, 0) + weight.rows
            last.update([key] if rule.last else [])
    sizes = {key: ", ".join(f"{deep} -> {wide}" for deep, wide in found.items()) for key, found in shapes.items()}
    ops = {key: size for key, size in sizes.items() if key not in last} | dict(_kernels(layer.mixer))
    if isinstance(layer.ffn, Moe):
        ffn = layer.ffn
        experts = f"{ffn.experts} experts, {ffn.top} for each token, each {ffn.latent or ffn.hidden} -> {ffn.inner}"
        ops[FEED_FORWARD, EXPERTS] = experts
    return ops | {key: size for key, size in sizes.items() if key in last}


def _group(layer: Layer, weight: Weight, rule: Matrix) -> str:
    component, _, kind = weight.component.partition(".")
    if rule.group or kind:
        return rule.group or kind
    return layer.mixer.kind if component == "gates" else FEED_FORWARD


def _kernels(mixer: Mixer) -> Iterator[tuple[Key, str]]:
    if isinstance(mixer, Both):
        yield from _kernels(mixer.first)
        yield from _kernels(mixer.second)
    elif mixer.kind != "none":
        index = getattr(mixer, "index", None)
        if index and getattr(index, "owned", True):
            yield (mixer.kind, indexer(mixer.kind)), dimensions(index)
        for op in kernels(mixer.kind):
            yield (mixer.kind, op.format(reach=getattr(mixer, "reach", 0))), dimensions(mixer)


def _sizes(sizes: Counter[str]) -> str:
    """Sizes with the number of layers that have them, where they differ."""
    if len(sizes) == 1:
        return next(iter(sizes))
    shown = [f"{size} ({count} layers)" for size, count in sizes.most_common(_SHOWN)]
    return "; ".join(shown) + (f"; {len(sizes) - _SHOWN} more sizes" if len(sizes) > _SHOWN else "")


def ranges(layers: Sequence[int], depth: int) -> str:
    """Numbers of layers, counted from 0, as ranges; the last one where some are left out."""
    if len(layers) == depth:
        return "all layers"
    runs = [[number for _, number in run] for _, run in groupby(enumerate(layers), lambda pair: pair[1] - pair[0])]
    named = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    if len(named) > _SHOWN + 1:
        named = [*named[:_SHOWN], "...", named[-1]]
    return f"layer{'' if len(layers) == 1 else 's'} {', '.join(named)}"


# Between ranks, and prediction --------------------------------------------------------------------------------------


def _between_ranks(plan: LayerPlan) -> Iterator[Row]:
    mixers = [index for index, (mixer, _) in enumerate(plan.kinds) if mixer != "none"]
    ffns = [index for index, (_, ffn) in enumerate(plan.kinds) if ffn != "none"]
    experts = [index for index, (_, ffn) in enumerate(plan.kinds) if "moe" in ffn]
    sums = (("the mixer", mixers), ("the feed-forward", ffns))
    yield Row(_RANKS, "sum of the embedding over tensor-parallel ranks", "1", "1", "", "before the first layer")
    for name, layers in sums:
        if layers:
            yield _exchange(f"sum behind {name} over tensor-parallel ranks", layers, plan)
    for name in ("dispatch to the experts", "combine behind the experts") if experts else ():
        yield _exchange(f"{name}, with expert or attention-data parallelism", experts, plan)
    yield Row(
        _RANKS, "transfer between pipeline stages", "stages - 1", "stages - 1", "", "at each border of two stages"
    )


def _exchange(op: str, layers: Sequence[int], plan: LayerPlan) -> Row:
    count = str(len(layers))
    return Row(_RANKS, op, count, count, "", ranges(layers, len(plan.layers)))


def _prediction(tower: Tower | None) -> Iterator[Row]:
    counted = tower is not None and tower.parameters is not None
    size = f"{tower.parameters} parameters in all blocks" if tower and counted else "no field says what it holds"
    yield Row(_MTP, "prediction block with its own ops", "0", "n", size, "once for each drafted token")
