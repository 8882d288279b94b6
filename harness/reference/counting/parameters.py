"""Parameters by component, and those that one token passes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference.layers import OUTSIDE

if TYPE_CHECKING:
    from harness.reference.layers import LayerPlan
    from harness.reference.weights import Weight, Weights


@dataclass(frozen=True, slots=True)
class Parameters:
    """Learned numbers of a model.

    Attributes:
        total: Of the text decoder, a tied head counted once.
        active: Of the text decoder, those that take part for one token: all but the experts it is not sent to.
        by_component: By component, the ones in `OUTSIDE` too; components without parameters are left out.
        by_layer_kind: By kind of layer, such as `gdn+moe`; what stands outside the layers is in none.
        uncounted: Components that exist but cannot be counted, with the reason.
    """

    total: int
    active: int
    by_component: dict[str, int]
    by_layer_kind: dict[str, int]
    uncounted: dict[str, str]


def count_parameters(plan: LayerPlan) -> Parameters:
    """Count the parameters of a plan."""
    components: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    active, seen = 0, set[str]()
    for label, times, weights in _groups(plan):
        for weight in weights:
            # A shared tensor works in every layer that uses it, but it is stored once.
            stored = times if not weight.shared else int(_shared_name(weight) not in seen)
            if weight.shared:
                seen.add(_shared_name(weight))
            components[weight.component] += weight.parameters * stored
            active += weight.active * stored
            if label:
                kinds[label] += weight.parameters * stored
    total = components.total()
    uncounted = {}
    for tower in plan.towers:
        if tower.parameters is None:
            uncounted[tower.component] = tower.reason
        elif tower.parameters:
            components[tower.component] += tower.parameters
    by_component = {name: size for name, size in sorted(components.items()) if size}
    return Parameters(total, active, by_component, dict(sorted(kinds.items())), uncounted)


def _groups(plan: LayerPlan) -> list[tuple[str, int, Weights]]:
    layers = [("+".join(layer.kinds), times, weights) for layer, times, weights in plan.distinct]
    return [("", 1, plan.ends), *layers]


def _shared_name(weight: Weight) -> str:
    return f"{weight.shared} {weight.name} {weight.rows}x{weight.columns}"


def decoder_weights(plan: LayerPlan) -> list[tuple[int | None, Weight]]:
    """Every stored tensor with the number of its layer; None outside the layers, and shared ones once."""
    result: list[tuple[int | None, Weight]] = [(None, weight) for weight in plan.ends]
    seen: set[str] = set()
    for index, layer in enumerate(plan.layers):
        for weight in plan.weights_of[id(layer)]:
            if weight.shared:
                if _shared_name(weight) in seen:
                    continue
                seen.add(_shared_name(weight))
            result.append((index, weight))
    return result


__all__ = ["OUTSIDE", "Parameters", "count_parameters", "decoder_weights"]
