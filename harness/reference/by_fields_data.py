"""What the usual field names mean, as `fixtures/by_fields.toml` has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig


class Numbers(Record):
    """A list of the numbers of attention layers."""

    field: str


class Interval(Record):
    """A field that makes every n-th layer special."""

    field: str
    offset: str = ""
    others: str = ""

    def special(self, text: HFConfig, layers: int) -> tuple[bool, ...]:
        """Which layers are special.

        Raises:
            ConfigError: The field is no whole number.
        """
        every = text.integer(self.field)
        rest = text.integer_or(0, self.offset, least=0) if self.offset else every - 1
        return tuple(index % every == rest for index in range(layers))


class Needs(Record):
    """What a layer of a kind cannot be built without."""

    kind: str
    fields: tuple[tuple[str, ...], ...]


class Tells(Record):
    """Fields that speak of layers of one of some kinds."""

    kinds: tuple[str, ...]
    fields: tuple[str, ...]


class Unused(Record):
    """Fields that make layers differ."""

    about: Literal["mixer", "ffn"]
    fields: tuple[str, ...]


class FieldNames(Record):
    """The whole file."""

    classes: tuple[str, ...]
    lists: tuple[str, ...]
    mtp: tuple[str, ...]
    structure: tuple[str, ...]
    values: dict[str, tuple[str, ...]]
    kin: dict[str, frozenset[str]]
    numbers: tuple[Numbers, ...]
    intervals: tuple[Interval, ...]
    expert_intervals: tuple[Interval, ...]
    dimensions: dict[str, tuple[str, ...]]
    needs: tuple[Needs, ...]
    tells: tuple[Tells, ...]
    unused: tuple[Unused, ...]

    def kind_of(self, value: str) -> str:
        """Kind of layer that a value of a per-layer list names, empty if it is not known."""
        return next((kind for kind, values in self.values.items() if value in values), "")

    def lacking(self, text: HFConfig, kind: str) -> tuple[str, ...]:
        """Dimensions that a layer of a kind needs and the config does not give, by their usual names."""
        needed = next((needs.fields for needs in self.needs if needs.kind == kind), ())
        return tuple(" or ".join(names) for names in needed if not any(map(text.has, names)))

    def field_of(self, text: HFConfig, dimension: str) -> str:
        """The field that gives a dimension; its first name if none does."""
        names = self.dimensions[dimension]
        return next((name for name in names if text.has(name)), names[0])


@cache
def field_names() -> FieldNames:
    """The file, read once."""
    return load_toml(data_path("fixtures", "by_fields.toml"), FieldNames)
