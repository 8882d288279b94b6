"""The parts of layers in words: their kinds, told apart where one is built in several ways, and their dimensions."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.reference.ffns import Ffn
    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.mixers import Mixer

Part = Literal["mixer", "ffn"]
PARTS: tuple[Part, ...] = ("mixer", "ffn")
Labels = tuple[str, ...]
"""One label for every layer."""

_STREAM = "hidden"
"""Width of the residual stream: the same in every part of every layer."""


def part_of(layer: Layer, part: Part) -> Mixer | Ffn:
    """The mixer or the feed-forward of a layer."""
    return layer.mixer if part == "mixer" else layer.ffn


def labels(plan: LayerPlan, part: Part) -> Labels:
    """The kind of every layer's part, with what differs in brackets where one kind is built in several ways."""
    parts = [part_of(layer, part) for layer in plan.layers]
    facts = {each: dict(_facts(each)) for each in dict.fromkeys(parts)}
    by_kind: dict[str, list[Mapping[str, object]]] = {}
    for each, known in facts.items():
        by_kind.setdefault(each.kind, []).append(known)
    named = {each: _label(each.kind, known, by_kind[each.kind]) for each, known in facts.items()}
    return tuple(named[each] for each in parts)


def dimensions(part: Mixer | Ffn) -> str:
    """Sizes of a part, such as `heads=32 kv_heads=2 dim=256`; those that are 0 are left out."""
    sizes = ((name, value) for name, value in _facts(part) if name != _STREAM and not isinstance(value, bool))
    return " ".join(f"{name}={value}" for name, value in sizes if value and isinstance(value, int))


def _label(kind: str, known: Mapping[str, object], alike: list[Mapping[str, object]]) -> str:
    names = dict.fromkeys(name for other in alike for name in other)
    differing = [name for name in names if len({other.get(name) for other in alike}) > 1]
    said = ", ".join(_said(name, known.get(name)) for name in differing)
    return f"{kind} ({said})" if said else kind


def _said(name: str, value: object) -> str:
    if value is True:
        return name
    return f"{name}={value}" if value else f"no {name}"


def _facts(part: object, above: str = "") -> Iterator[tuple[str, object]]:
    """Every field, those of an inner part with its name before theirs."""
    for field in fields(part) if is_dataclass(part) else ():
        value = getattr(part, field.name)
        if is_dataclass(value):
            yield from _facts(value, f"{above}{field.name}.")
        else:
            yield f"{above}{field.name}", value
