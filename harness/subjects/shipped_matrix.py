"""The support matrix that a release ships: one CSV file, or one for each system in a folder."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from harness.subjects.models import ShippedRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = "support_matrix"
_AGG = "agg"
"""Mode of the rows of files that have no such column."""


def shipped_rows(systems: Path) -> tuple[ShippedRow, ...]:
    """Every row, in the order of the files; none where the release ships no matrix.

    Args:
        systems: The release's folder of system files.
    """
    return tuple(row for path in shipped_files(systems) for row in _rows(path))


def shipped_files(systems: Path) -> tuple[Path, ...]:
    """The files of the matrix, sorted."""
    single = systems / f"{_NAME}.csv"
    return (single,) if single.is_file() else tuple(sorted((systems / _NAME).glob("*.csv")))


def _rows(path: Path) -> Iterator[ShippedRow]:
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield ShippedRow(
                model=row.get("HuggingFaceID") or "",
                system=row.get("System") or "",
                backend=row.get("Backend") or "",
                version=row.get("Version") or "",
                mode=row.get("Mode") or _AGG,
                status=row.get("Status") or "",
            )
