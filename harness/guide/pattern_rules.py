"""One field's reading of a pattern: which layers it makes what, in words and for another value of the field."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.guide.labels import Labels, Part

_SHOWN = 40
"""Characters of a value in a line of text."""
_NAMED = 3
"""Layers of an interval that are named."""


class Form(StrEnum):
    """How a field says it, from what says it layer by layer to what says nothing."""

    LIST = "list"
    """A value for each layer."""
    STRING = "string"
    """A letter for each layer."""
    NUMBERS = "numbers"
    """The numbers of the layers that are special."""
    INTERVAL = "interval"
    """Every n-th layer is special."""
    PREFIX = "prefix"
    """The first n layers are special."""
    FIXED = "fixed"
    """No single field: the model class itself, or several fields together."""
    UNIFORM = "uniform"
    """Nothing to say: all layers are of one kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One field's reading.

    Attributes:
        part: What of a layer it says.
        form: How.
        kinds: What it makes every layer, as `labels` names it.
        field: The field, dotted below the text decoder's section; empty if there is none.
        value: What stands there.
        meanings: For a list or a string, what each value means; empty for objects.
        special, plain: For numbers, intervals and prefixes, the kind of the layers meant and that of the others.
        first: Number of the layer that is counted first, or for an interval the first special layer.
        offset: For an interval, the field that gives `first`; empty if the class does.
    """

    part: Part
    form: Form
    kinds: Labels
    field: str = ""
    value: object = None
    meanings: tuple[tuple[object, str], ...] = ()
    special: str = ""
    plain: str = ""
    first: int = 0
    offset: str = ""

    @property
    def means(self) -> str:
        """The reading in words."""
        counts = Counter(self.kinds)
        if self.form is Form.UNIFORM:
            return f"every layer is {self.kinds[0]}"
        if self.form is Form.FIXED:
            listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
            return f"no single field says it; the model class does, or several fields together: {listed}"
        if self.form in (Form.LIST, Form.STRING):
            return self._spelled_out()
        rest = f"are {self.special} ({counts[self.special]}), the others {self.plain} ({counts[self.plain]})"
        if self.form is Form.NUMBERS:
            return f"the layers with these numbers, counted from {self.first}, {rest}"
        if self.form is Form.PREFIX:
            return f"the layers before this number {rest}"
        places = [index for index, kind in enumerate(self.kinds) if kind == self.special]
        more = " and so on" if len(places) > _NAMED else ""
        begins = f", beginning where {self.offset} says," if self.offset else ""
        return f"layers {', '.join(map(str, places[:_NAMED]))}{more}{begins} {rest}"

    def at(self, layer: int) -> str:
        """What made one layer what it is, by the field's own name; empty if no field did."""
        if self.form in (Form.UNIFORM, Form.FIXED):
            return ""
        name = self.field.rpartition(".")[2]
        if self.form is Form.NUMBERS:
            has = "has" if self.kinds[layer] == self.special else "lacks"
            return f"{name} {has} {layer + self.first}"
        if isinstance(self.value, list | str):
            return f"{name}[{layer}] = {shown(self.value[layer])}"
        return f"{name} = {shown(self.value)}"

    def elsewhere(self) -> Rule:
        """The same rule on another value of its field."""
        layers = len(self.kinds)
        if self.form in (Form.LIST, Form.STRING) and isinstance(self.value, list | str):
            return replace(self, value=_turned(self.value, layers), kinds=self.kinds[1:] + self.kinds[:1])
        if self.form is Form.NUMBERS:
            numbers = self._renumbered()
            value = ",".join(map(str, numbers)) if isinstance(self.value, str) else numbers
            special = {number - self.first for number in numbers}
            return replace(self, value=value, kinds=self._chosen([index in special for index in range(layers)]))
        number = self.value + 1 if isinstance(self.value, int) else 1
        if self.form is Form.PREFIX:
            return replace(self, value=number, kinds=self._chosen([index < number for index in range(layers)]))
        first = self.first if self.offset or not self.first else number - 1
        return replace(
            self, value=number, kinds=self._chosen([index % number == first % number for index in range(layers)])
        )

    def _renumbered(self) -> list[int]:
        """The numbers with that of the first plain layer in place of their first."""
        free = self.kinds.index(self.plain) + self.first
        return sorted([*numbers_in(self.value)[1:], free])

    def _chosen(self, special: Sequence[bool]) -> Labels:
        return tuple(self.special if is_special else self.plain for is_special in special)

    def _spelled_out(self) -> str:
        if not self.meanings:
            listed = ", ".join(f"{count} {kind}" for kind, count in Counter(self.kinds).items())
            return f"one object for each layer, whose fields say what it is: {listed}"
        values = list(self.value)[: len(self.kinds)] if isinstance(self.value, list | str) else []
        named = (f"{shown(value)} is {kind} ({values.count(value)})" for value, kind in self.meanings)
        return f"one {'letter' if self.form is Form.STRING else 'value'} for each layer: {', '.join(named)}"


def numbers_in(value: object) -> list[int]:
    """Numbers of layers in a list, or in a string that joins them with commas; none in anything else."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
    if isinstance(value, list) and all(isinstance(each, int) and not isinstance(each, bool) for each in value):
        return list(value)
    return []


def shown(value: object) -> str:
    """A value of a config in a line of text."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."


def _turned(value: list[object] | str, layers: int) -> list[object] | str:
    """The first value behind that of the last layer; those of prediction blocks keep their place."""
    if isinstance(value, str):
        return value[1:layers] + value[0] + value[layers:]
    return [*value[1:layers], value[0], *value[layers:]]
