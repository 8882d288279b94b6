"""Which fields of a config put it beyond the plain decoder, by lists that are data."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class _Fields(Record):
    plain: tuple[str, ...]
    groups: tuple[_Group, ...]


@cache
def _known() -> _Fields:
    return load_toml(data_path("fixtures", "situation_fields.toml"), _Fields)


def beyond_plain(config: HFConfig) -> dict[str, tuple[str, ...]]:
    """Fields beyond the plain ones that the reference read, by what they are for; the reference must have read it.

    Args:
        config: A config after `plan_for`.
    """
    text = config.text()
    found: dict[str, list[str]] = {}
    if text.path:
        found[NESTING] = [text.path]
    for field in _read(text):
        if field in _known().plain or not text.get(field):
            continue
        found.setdefault(_group(field), []).append(field)
    return {name: tuple(fields) for name, fields in found.items()}


def pattern_spelling(config: HFConfig) -> str:
    """How a config spells which layer is of which kind: `list`, `scalar`, or nothing."""
    text = config.text()
    fields = [field for field in _read(text) if _group(field) == PATTERN and text.get(field)]
    if not fields:
        return ""
    return "list" if any(isinstance(text.get(field), _LISTS) for field in fields) else "scalar"


def _read(text: HFConfig) -> Iterable[str]:
    read = text.read_fields()
    return (field for field in text.fields() if field in read)


def _group(field: str) -> str:
    for group in _known().groups:
        if any(fnmatchcase(field, pattern) for pattern in group.fields):
            return group.name
    return CLASS
