"""The words of a support-matrix answer besides its status: source, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.coordinates import Cell, Status
    from harness.subjects.api import DataOrigin, Point


SOURCES = ("silicon", "empirical", "xshape", "xquant", "xprofile", "xop")
"""Data provenance from measured to most remote; `Source` names the worst one that the search used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one cell, with what it rests on.

    Attributes:
        cell: The question.
        architecture: The model's HuggingFace architecture.
        status: The answer.
        source: Worst data provenance of the search (one of `SOURCES`); empty unless the status is a pass.
        error: One line: error class, first cause, what was missing; empty for a pass.
        command: The subject's own command line that asks the same question.
        point: The feasible point that proves a pass; None otherwise.
        origin: Whether the database's tables are the version's own; None where no database was opened.
        points_tried: How many searches over one or more layouts it took.
        seconds: Wall time spent on the cell.
        log: Full error text and what the subject logged; never part of the CSV.
    """

    cell: Cell
    architecture: str
    status: Status
    source: str
    error: str
    command: str
    point: Point | None
    origin: DataOrigin | None
    points_tried: int
    seconds: float
    log: str
