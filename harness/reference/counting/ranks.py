"""How a parallel layout divides a model, and how much of it each rank holds.

Ranks are numbered by pipeline stage, then by attention-DP group, then by tensor-parallel rank. Within a stage all
`tp * dp` ranks share the experts: `ep` of them each hold whole experts, and the rest cut each expert.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.reference.weights import Split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.mixers import Cache
    from harness.reference.weights import Weight


@dataclass(frozen=True, slots=True)
class Layout:
    """A parallel layout.

    Attributes:
        tp: Ranks that divide attention, dense feed-forwards, embedding and head.
        pp: Pipeline stages, each with neighbouring layers.
        ep: Ranks of a stage that divide the experts among them.
        dp: Attention-DP groups: each serves its own sequences with its own copy of everything but the experts.
    """

    tp: int = 1
    pp: int = 1
    ep: int = 1
    dp: int = 1

    @property
    def stage_ranks(self) -> int:
        """Ranks of one pipeline stage."""
        return self.tp * self.dp

    @property
    def ranks(self) -> int:
        """All ranks."""
        return self.stage_ranks * self.pp


@dataclass(frozen=True, slots=True)
class Rank:
    """One rank of a layout.

    Attributes:
        stage: Its pipeline stage.
        group: Its attention-DP group.
        tensor: Its tensor-parallel rank.
    """

    stage: int = 0
    group: int = 0
    tensor: int = 0


def ranks_of(layout: Layout) -> Iterator[Rank]:
    """Every rank of a layout, in order."""
    for stage in range(layout.pp):
        for group in range(layout.dp):
            for tensor in range(layout.tp):
                yield Rank(stage, group, tensor)


def check_layout(plan: LayerPlan, layout: Layout) -> None:
    """Refuse a layout that would cut what cannot be cut.

    Raises:
        UsageError: A size is below 1, heads cannot be dealt out evenly, or there are more stages than layers or more
            expert ranks than experts or ranks.
    """
    for name in ("tp", "pp", "ep", "dp"):
        if getattr(layout, name) < 1:
            raise UsageError(f"--{name}", str(getattr(layout, name)), "a whole number from 1")
    if layout.pp > len(plan.layers):
        raise UsageError("--pp", str(layout.pp), f"at most the {len(plan.layers)} layers of {plan.model}")
    if layout.stage_ranks % layout.ep:
        raise UsageError("--ep", str(layout.ep), f"a divisor of the ranks of a stage, tp x dp = {layout.stage_ranks}")
    for layer, _, weights in plan.distinct:
        units = layer.mixer.units
        if units % layout.tp:
            raise UsageError("--tp", str(layout.tp), f"a divisor of the {units} heads of {layer.label} layers")
        for weight in weights:
            _check_weight(weight, layout)


def _check_weight(weight: Weight, layout: Layout) -> None:
    if weight.split is Split.KV and weight.units % layout.tp and layout.tp % weight.units:
        raise UsageError(
            "--tp", str(layout.tp), f"a divisor or a multiple of the {weight.units} heads or groups of {weight.name}"
        )
    if weight.split is Split.EXPERTS and layout.ep > weight.copies:
        raise UsageError("--ep", str(layout.ep), f"at most the {weight.copies} experts")


def stages(plan: LayerPlan, pp: int) -> tuple[tuple[Layer, ...], ...]:
    """The layers of each pipeline stage: neighbours, as many in each as goes evenly, the first stages one more."""
    result, start = [], 0
    for stage in range(pp):
        count = dealt(len(plan.layers), pp, stage)
        result.append(plan.layers[start : start + count])
        start += count
    return tuple(result)


def dealt(units: int, ranks: int, rank: int) -> int:
    """Units that a rank is dealt: as evenly as they go, the first ranks one more."""
    return units // ranks + (rank < units % ranks)


def weight_share(weight: Weight, layout: Layout, rank: Rank) -> Fraction:
    """Part of a tensor that a rank holds, if the tensor is on its stage."""
    if weight.split is Split.WHOLE:
        return Fraction(1)
    if weight.split is Split.EXPERTS:
        cutting = layout.stage_ranks // layout.ep
        whole, piece = divmod(rank.group * layout.tp + rank.tensor, cutting)
        experts = Fraction(dealt(weight.copies, layout.ep, whole), weight.copies)
        return experts * Fraction(dealt(weight.units, cutting, piece), weight.units)
    if weight.split is Split.KV and weight.units < layout.tp:
        return Fraction(1, weight.units)
    return Fraction(dealt(weight.units, layout.tp, rank.tensor), weight.units)


def cache_share(part: Cache, tp: int) -> Fraction:
    """Part of a cache that the fullest of `tp` ranks holds."""
    if not part.units:
        return Fraction(1)
    if part.units < tp:
        return Fraction(1, part.units)
    return Fraction(dealt(part.units, tp, 0), part.units)


def stage_weights(plan: LayerPlan, layout: Layout) -> tuple[tuple[tuple[int | None, Weight], ...], ...]:
    """Tensors of each pipeline stage with their layer's number; a tied head is stored on both ends.

    Tensors that several layers share are stored once on every stage that uses them.
    """
    result, number = [], 0
    for stage, layers in enumerate(stages(plan, layout.pp)):
        weights: list[tuple[int | None, Weight]] = []
        seen: set[tuple[str, str, int, int]] = set()
        if stage == 0:
            weights.append((None, plan.embedding))
        for layer in layers:
            for weight in plan.weights_of[id(layer)]:
                key = (weight.shared, weight.name, weight.rows, weight.columns)
                if not weight.shared or key not in seen:
                    weights.append((number, weight))
                seen.add(key)
            number += 1
        if stage == layout.pp - 1:
            weights.extend((None, weight) for weight in (*plan.extras, *plan.head))
            if plan.tied and layout.pp > 1:
                weights.append((None, plan.embedding))
        result.append(tuple(weights))
    return tuple(result)


def rank_parameters(plan: LayerPlan, layout: Layout, rank: Rank) -> int:
    """Learned numbers that one rank holds, copies included."""
    weights = stage_weights(plan, layout)[rank.stage]
    return sum(int(weight.parameters * weight_share(weight, layout, rank)) for _, weight in weights)
