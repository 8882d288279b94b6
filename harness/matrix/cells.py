"""Which cells exist for a subject, and which of them a user asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.coordinates import Cell, Mode
from harness.errors import FilterError
from harness.globs import passes, require_matches, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.subjects.api import Subject


@dataclass(frozen=True, slots=True)
class Filters:
    """Exact values or globs for each coordinate; a cell passes when each coordinate matches one of its patterns.

    No patterns for a coordinate stands for all its values.
    """

    models: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.models, self.systems, self.backends, self.versions, self.modes))


def all_cells(subject: Subject) -> tuple[Cell, ...]:
    """The roster x every database x both modes, sorted so that the cells of a database stand together."""
    return tuple(
        Cell(model, database.system, database.backend, database.version, mode)
        for database in subject.databases()
        for model in subject.roster()
        for mode in Mode
    )


def select(cells: Sequence[Cell], filters: Filters) -> tuple[Cell, ...]:
    """The cells that pass all filters, in their order.

    Raises:
        FilterError: A pattern matches no value of its coordinate, or the patterns together match no cell.
    """
    coordinates = (
        ("--model", filters.models, [cell.model for cell in cells]),
        ("--system", filters.systems, [cell.system for cell in cells]),
        ("--backend", filters.backends, [cell.backend for cell in cells]),
        ("--version", filters.versions, [cell.version for cell in cells]),
        ("--mode", filters.modes, [cell.mode.value for cell in cells]),
    )
    for option, patterns, values in coordinates:
        require_matches(option, patterns, values)
    chosen = tuple(
        cell
        for cell in cells
        if passes(cell.model, filters.models)
        and passes(cell.system, filters.systems)
        and passes(cell.backend, filters.backends)
        and passes(cell.version, filters.versions)
        and passes(cell.mode.value, filters.modes)
    )
    if not chosen:
        raise FilterError("the filters together", "no cell that passes all of them", _databases_left(cells, filters))
    return chosen


def _databases_left(cells: Sequence[Cell], filters: Filters) -> str:
    left = sorted(
        {str(cell.database) for cell in cells if passes(cell.system, filters.systems)}
        or {str(cell.database) for cell in cells}
    )
    return f"a combination that exists, such as {some(left)}"
