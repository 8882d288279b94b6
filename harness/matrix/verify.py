"""Is a file a complete support matrix? All its flaws at once, and what it has too little or too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.matrix.diff import cell_document, cell_table
from harness.matrix.store import scan_matrix
from harness.text import plain_text

if TYPE_CHECKING:
    from pathlib import Path

    from harness.coordinates import Cell


@dataclass(frozen=True, slots=True)
class Verification:
    """What is wrong with a matrix file.

    Attributes:
        rows: Rows in the file, flawed ones included.
        errors: Every structural flaw, one line each, with file and line.
        missing: Cells that the subject's databases call for and the file lacks, sorted.
        surplus: Cells that no database of the subject calls for, sorted.
        completeness_checked: Whether there was a subject to compare with.
    """

    rows: int
    errors: tuple[str, ...]
    missing: tuple[Cell, ...]
    surplus: tuple[Cell, ...]
    completeness_checked: bool

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not (self.errors or self.missing or self.surplus)


def verify_matrix(path: Path, expected_cells: frozenset[Cell] | None) -> Verification:
    """Check the structure of a matrix file and, given the cells it should have, its completeness.

    A row counts as present when its coordinates can be read, whatever else is wrong with it.

    Raises:
        MatrixFileError: There is nothing to check: no such file, no CSV in the folder, no usable index.
    """
    scan = scan_matrix(path)
    expected = scan.cells if expected_cells is None else expected_cells
    return Verification(
        rows=scan.rows,
        errors=tuple(str(problem) for problem in scan.problems),
        missing=tuple(sorted(expected - scan.cells)),
        surplus=tuple(sorted(scan.cells - expected)),
        completeness_checked=expected_cells is not None,
    )


def to_text(verification: Verification, limit: int = 40) -> str:
    """The result for a terminal: all errors, and at most `limit` missing and surplus cells each."""
    counts = [f"{verification.rows} rows", f"{len(verification.errors)} errors"]
    if verification.completeness_checked:
        counts += [f"{len(verification.missing)} cells missing", f"{len(verification.surplus)} surplus"]
    else:
        counts += ["completeness not checked"]
    parts = [", ".join(counts) + "."]
    if verification.errors:
        parts.append("\n".join(plain_text(error) for error in verification.errors))
    for title, cells in (("Missing", verification.missing), ("Surplus", verification.surplus)):
        if cells:
            rows = [(cell, ()) for cell in cells]
            table = cell_table(rows, (), style="simple", text=plain_text, limit=limit)
            parts.append(f"{title} ({len(cells)})\n\n{table}")
    return "\n\n".join(parts) + "\n"


def to_json_document(verification: Verification) -> dict[str, object]:
    """The result as `aic-harness matrix verify --json` prints it."""
    return {
        "rows": verification.rows,
        "errors": list(verification.errors),
        "missing": [cell_document(cell) for cell in verification.missing],
        "surplus": [cell_document(cell) for cell in verification.surplus],
        "completeness_checked": verification.completeness_checked,
    }
