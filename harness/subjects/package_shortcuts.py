"""Keeps the package generation (0.10) from looking at whole tables where two entries answer.

Before each interpolation the release collects every coordinate of the table on each of its three axes, to refuse a
table with fewer than two on one of them; and of every figure of a table that it has loaded, millions for one database,
it asks five times whether it is a container.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiconfigurator.sdk import interpolation, perf_database

from harness.subjects.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

_COVERAGE, _FREEZE = "_require_3d_axis_coverage", "_finalize_loaded_value"
_FIGURES = frozenset({float, int, str, bool, type(None)})

_require_coverage = vars(interpolation)[_COVERAGE]
_freeze = vars(perf_database)[_FREEZE]


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Look no further once a table is known to vary, and pass figures through as they are."""
    with replaced(interpolation, _COVERAGE, _covered), replaced(perf_database, _FREEZE, _frozen):
        yield


def _covered(data: dict[Any, Any], *, context: str) -> None:
    if not _varies(data):
        _require_coverage(data, context=context)


def _varies(data: dict[Any, Any]) -> bool:
    if len(data) < 2:  # noqa: PLR2004 - a line needs two points
        return False
    second: set[Any] = set()
    third: set[Any] = set()
    for plane in data.values():
        if isinstance(plane, dict):
            second.update(plane)
            third.update(key for row in plane.values() if isinstance(row, dict) for key in row)
        if min(len(second), len(third)) > 1:
            return True
    return False


def _frozen(value: Any) -> Any:  # noqa: ANN401 - a table or a figure
    kind = type(value)
    if kind in _FIGURES:
        return value
    if kind is dict or kind is defaultdict:
        return {_frozen(key): _frozen(item) for key, item in value.items()}
    return _freeze(value)
