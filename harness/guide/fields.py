"""Which fields of a config put it beyond the plain decoder, by lists that are data."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig

NESTING = "nesting"
"""Group of a config whose text decoder stands in a section of its own."""
PATTERN = "pattern"
"""Group of fields that say which layer is of which kind."""
MTP = "MTP"
"""Group of fields that add prediction blocks."""
CLASS = "of the class alone"
"""Group of fields that nobody sorted."""
_LISTS = (list, str, dict)


class _Group(Record):
    name: str
    fields: tuple[str, ...]
    unread: bool = False


class _Fields(Record):
    plain: tuple[str, ...]
    groups: tuple[_Group, ...]


@cache
def _known() -> _Fields:
    return load_toml(data_path("fixtures", "situation_fields.toml"), _Fields)


def beyond_plain(config: HFConfig) -> dict[str, tuple[str, ...]]:
    """Fields beyond the plain ones that make the model another, by what they are for; the reference must have read it.

    Args:
        config: A config after `plan_for`.
    """
    text = config.text()
    found: dict[str, list[str]] = {}
    if text.path:
        found[NESTING] = [text.path]
    read = text.read_fields()
    for field in text.fields():
        group = _group(field)
        counts = field in read or (group is not None and group.unread)
        if counts and field not in _known().plain and text.get(field):
            found.setdefault(group.name if group else CLASS, []).append(field)
    return {name: tuple(fields) for name, fields in found.items()}


def pattern_spelling(config: HFConfig) -> str:
    """How a config spells which layer is of which kind: `list`, `scalar`, or nothing."""
    text = config.text()
    fields = [field for field in text.fields() if _is_of_pattern(field) and field in text.read_fields()]
    values = [value for field in fields if (value := text.get(field))]
    if not values:
        return ""
    return "list" if any(isinstance(value, _LISTS) for value in values) else "scalar"


def _is_of_pattern(field: str) -> bool:
    group = _group(field)
    return group is not None and group.name == PATTERN


@cache
def _group(field: str) -> _Group | None:
    matching = (each for each in _known().groups if any(fnmatchcase(field, pattern) for pattern in each.fields))
    return next(matching, None)
