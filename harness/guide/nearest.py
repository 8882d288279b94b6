"""The known architectures that a config comes nearest to, with the differences field by field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from harness.guide.known_models import known_models
from harness.reference.by_fields_data import field_names
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.reference.layers import LayerPlan

_LONGEST = 60
"""Letters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field that decides about the structure and has another value there.

    Attributes:
        field: The field.
        here: Its value in the config.
        there: Its value in the known model.
    """

    field: str
    here: str
    there: str

    def __str__(self) -> str:
        return f"{self.field}: {self.here} here, {self.there} there"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known architecture that a config resembles.

    Attributes:
        architecture: The architecture.
        model: A stored model of it.
        likeness: 0 to 1; half of it by fields, half by kinds of layers: how much of what either has both have. A kind
            counts the more, the fewer architectures have it, and kinds of one sort are half alike.
        shared: Fields that both have and the architecture's recipe reads.
        missing: Fields that its recipe reads with a value, and the config has not.
        additional: Fields of the config that the known model has not.
        changed: Fields that decide about the structure and differ.
        kinds: Kinds of mixers and feed-forwards that both have.
        nested: The known model's text decoder stands in a section of its own.
    """

    architecture: str
    model: str
    likeness: float
    shared: tuple[str, ...]
    missing: tuple[str, ...]
    additional: tuple[str, ...]
    changed: tuple[Change, ...]
    kinds: tuple[str, ...]
    nested: bool

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "architecture": self.architecture,
            "model": self.model,
            "likeness": round(self.likeness, 2),
            "shared_fields": list(self.shared),
            "missing_fields": list(self.missing),
            "additional_fields": list(self.additional),
            "changed_fields": [
                {"field": change.field, "here": change.here, "there": change.there} for change in self.changed
            ],
            "shared_layer_kinds": list(self.kinds),
        }


@dataclass(frozen=True, slots=True)
class _Known:
    architecture: str
    model: str
    fields: Mapping[str, object]
    reads: frozenset[str]
    kinds: frozenset[str]
    nested: bool


def nearest(config: HFConfig, plan: LayerPlan, folder: Path | None = None) -> tuple[Neighbour, ...]:
    """Every other architecture with a stored model, the nearest first.

    Args:
        config: The config.
        plan: How it was read.
        folder: Where stored configs are; the harness's own by default.
    """
    # Looking at a field counts as reading it, and who reads the config's fields is what this is about.
    fields = _set(HFConfig(config.source, config.raw()).text())
    text = config.text()
    reads = text.read_fields() & fields.keys()
    here = _Known(config.architecture, config.model, fields, reads, _kinds(plan), bool(text.path))
    known = list(_others(config.architecture, folder))
    frequency = Counter(kind for each in known for kind in _sorted_kinds(each.kinds))
    weights = {kind: log(1 + len(known) / max(1, frequency[kind])) for kind in {*frequency, *_sorted_kinds(here.kinds)}}
    found = (_compared(here, there, weights) for there in known)
    return tuple(sorted(found, key=lambda neighbour: (-neighbour.likeness, neighbour.architecture)))


def _others(architecture: str, folder: Path | None) -> Iterator[_Known]:
    """The first stored model of every other architecture."""
    seen = {architecture}
    for known in known_models(folder):
        config = known.config
        if config.architecture not in seen:
            seen.add(config.architecture)
            text = config.text()
            fields = _set(text)
            reads, nested = known.read & fields.keys(), bool(text.path)
            yield _Known(config.architecture, config.model, fields, reads, _kinds(known.plan), nested)


def _set(text: HFConfig) -> dict[str, object]:
    """What a config says of the model; its architecture is what is looked for."""
    names = (field for field in text.fields() if field != "architectures")
    return {field: value for field in names if (value := text.get(field)) is not None}


def _kinds(plan: LayerPlan) -> frozenset[str]:
    """Kinds of the mixers and feed-forwards that occur, of two mixers in one layer each."""
    found = set()
    for layer, _, _ in plan.distinct:
        mixers = (getattr(layer.mixer, "first", layer.mixer), getattr(layer.mixer, "second", None))
        found |= {str(part.kind) for part in (*mixers, layer.ffn) if part is not None}
    return frozenset(found - {"none"})


def _sorted_kinds(kinds: Iterable[str]) -> frozenset[str]:
    """Kinds, and the sorts that they are of."""
    kin = field_names().kin
    return frozenset(kinds) | {sort for sort, members in kin.items() if not members.isdisjoint(kinds)}


def _compared(here: _Known, there: _Known, weights: Mapping[str, float]) -> Neighbour:
    shared, missing = there.reads & here.fields.keys(), there.reads - here.fields.keys()
    additional = here.reads - there.fields.keys()
    ours, theirs = _sorted_kinds(here.kinds), _sorted_kinds(there.kinds)
    by_kind = sum(map(weights.__getitem__, ours & theirs)) / sum(map(weights.__getitem__, ours | theirs))
    return Neighbour(
        architecture=there.architecture,
        model=there.model,
        likeness=(by_kind + len(shared) / max(1, len(shared | missing | additional))) / 2,
        shared=tuple(sorted(shared)),
        missing=tuple(sorted(missing)),
        additional=tuple(sorted(additional)),
        changed=tuple(_changes(here.fields, there.fields)),
        kinds=tuple(sorted(here.kinds & there.kinds)),
        nested=there.nested,
    )


def _changes(here: Mapping[str, object], there: Mapping[str, object]) -> Iterator[Change]:
    for field in field_names().structure:
        if field in here and field in there and here[field] != there[field]:
            yield Change(field, _spelled(here[field]), _spelled(there[field]))


def _spelled(value: object) -> str:
    """A value, a pattern as how often each of its values occurs."""
    if isinstance(value, list) or (isinstance(value, str) and len(value) > 1):
        counts = Counter(map(str, value))
        text = ", ".join(f"{count} x {each}" for each, count in counts.items())
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
