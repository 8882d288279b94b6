"""Edits a model config so that it describes other layers, by field names that are data."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.reference.layers import Layer

Raw = dict[str, object]
_DEPTH = "num_hidden_layers"


class Numbers(Record):
    """A list of numbers of layers, or a string of them joined by commas.

    Attributes:
        field: Name of the field.
        first: Number of the first layer.
    """

    field: str
    first: int = 0


class Copy(Record):
    """A per-layer list that some readers look up under another name, as a string of letters.

    Attributes:
        field: The list.
        copy_field: The other name.
        values: Letter for each value.
    """

    field: str
    copy_field: str
    values: dict[str, str]


class Spelling(Record):
    """One way to say of every layer what it is.

    Attributes:
        architectures: Globs over the architectures whose configs may be written so.
        form: How the layers are written down; `fixtures/pattern_fields.toml` describes the forms.
        field: Where they are written.
        part: Which part of a layer it tells.
        values: Word for each kind of that part.
        kinds: Kinds that are numbered or counted.
        drops: Fields that say the same in another way and go.
    """

    architectures: tuple[str, ...]
    form: Literal["list", "letters", "numbers", "joined", "prefix", "interval", "absent"]
    field: str
    part: Literal["mixer", "ffn", "either"]
    values: dict[str, str | int] = Field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Such as `layer_types.absent`."""
        return f"{self.field}.{self.form}"

    def concerns(self, architecture: str) -> bool:
        """Whether an architecture's configs may be written so."""
        return any(fnmatchcase(architecture, pattern) for pattern in self.architectures)


class Sibling(Record):
    """An architecture with a text decoder that another architecture has alone."""

    architecture: str
    text: str


class PatternFields(Record):
    """`fixtures/pattern_fields.toml`."""

    lists: tuple[str, ...]
    prefixes: tuple[str, ...]
    numbers: tuple[Numbers, ...]
    copies: tuple[Copy, ...]
    spellings: tuple[Spelling, ...]
    siblings: tuple[Sibling, ...]


@cache
def pattern_fields() -> PatternFields:
    """Read the file once."""
    return load_toml(data_path("fixtures", "pattern_fields.toml"), PatternFields)


def value_at(raw: Mapping[str, object], path: str) -> object:
    """Value of a field, nested ones with dots; None where it or a part of its path is missing."""
    value: object = raw
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def changed(raw: Mapping[str, object], path: str, value: object) -> Raw:
    """A config with another value of one field; what is not on its path is shared with the original."""
    key, _, rest = path.partition(".")
    inner = raw.get(key)
    return {**raw, key: changed(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def without(raw: Mapping[str, object], path: str) -> Raw:
    """A config without one field."""
    key, _, rest = path.partition(".")
    if not rest:
        return {name: value for name, value in raw.items() if name != key}
    inner = raw.get(key)
    return {**raw, key: without(inner, rest)} if isinstance(inner, dict) else dict(raw)


def relayered(text: Mapping[str, object], depth: int, order: Sequence[int]) -> Raw:
    """A text config with other layers: each is a copy of one of its own.

    Args:
        text: The text decoder's config.
        depth: How many layers it describes.
        order: For each layer of the result, which old layer it copies.
    """
    fields, result = pattern_fields(), dict(text)
    if _DEPTH in text:
        result[_DEPTH] = len(order)
    for field in fields.lists:
        value = value_at(text, field)
        if isinstance(value, list) and len(value) >= depth:
            result = changed(result, field, [*(value[index] for index in order), *value[depth:]])
        elif isinstance(value, str) and len(value) >= depth:
            result = changed(result, field, "".join(value[index] for index in order) + value[depth:])
    for field in fields.prefixes:
        value = value_at(text, field)
        if isinstance(value, int):
            result = changed(result, field, _leading([index < value for index in order]))
    for entry in fields.numbers:
        result = _renumbered(result, value_at(text, entry.field), entry, order)
    for also in fields.copies:
        value = value_at(result, also.field)
        if isinstance(value, list) and all(item in also.values for item in value):
            result = changed(result, also.copy_field, "".join(also.values[item] for item in value))
    return result


def _renumbered(result: Raw, value: object, entry: Numbers, order: Sequence[int]) -> Raw:
    if isinstance(value, str):
        named = {int(number) for number in value.split(",") if number.strip()}
    elif isinstance(value, list):
        named = {number for number in value if isinstance(number, int)}
    else:
        return result
    numbers = [new + entry.first for new, old in enumerate(order) if old + entry.first in named]
    return changed(result, entry.field, ",".join(map(str, numbers)) if isinstance(value, str) else numbers)


def respelled(text: Mapping[str, object], spelling: Spelling, layers: Sequence[Layer]) -> Raw | None:
    """A text config that tells its layers in another way; None where that cannot express them."""
    kinds = [_kind(layer, spelling.part) for layer in layers]
    value = _spelled(spelling, kinds)
    if value is None:
        return None
    result = dict(text)
    for field in spelling.drops:
        result = without(result, field)
    return result if spelling.form == "absent" else changed(result, spelling.field, value)


def _kind(layer: Layer, part: str) -> str:
    mixer, ffn = layer.kinds
    if part == "either":
        return ffn if mixer == "none" else mixer
    return mixer if part == "mixer" else ffn


def _spelled(spelling: Spelling, kinds: Sequence[str]) -> object:
    chosen = [kind in spelling.kinds for kind in kinds]
    if spelling.form in ("list", "letters"):
        if not spelling.values.keys() >= set(kinds):
            return None
        words = [spelling.values[kind] for kind in kinds]
        return words if spelling.form == "list" else "".join(map(str, words))
    if spelling.form in ("numbers", "joined"):
        numbers = [index for index, is_chosen in enumerate(chosen) if is_chosen]
        return numbers if spelling.form == "numbers" else ",".join(map(str, numbers))
    if spelling.form == "interval":
        return chosen.index(True) + 1 if any(chosen) else None
    return _leading([not is_chosen for is_chosen in chosen])


def _leading(flags: Sequence[bool]) -> int:
    return flags.index(False) if False in flags else len(flags)
