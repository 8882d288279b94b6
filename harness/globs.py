"""Exact values and globs by which a user picks from what exists."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 12
"""How many existing values an error names."""


def passes(value: str, patterns: Sequence[str]) -> bool:
    """Whether a value matches one of the patterns; no patterns stands for every value."""
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def require_matches(option: str, patterns: Sequence[str], values: Iterable[str]) -> None:
    """Refuse a pattern that matches none of the values.

    Raises:
        FilterError: There is such a pattern; the message names what exists.
    """
    existing = sorted(set(values))
    for pattern in patterns:
        if not any(fnmatchcase(value, pattern) for value in existing):
            near = [value for value in existing if pattern.strip("*").lower() in value.lower()] or existing
            expected = f"an exact value or a glob over what exists: {some(near)}"
            raise FilterError(option, f"{pattern!r}, which matches nothing", expected)


def some(values: Sequence[str]) -> str:
    """The first values of a list, and how many more there are."""
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return f"{', '.join(values[:SHOWN])}{more}"
