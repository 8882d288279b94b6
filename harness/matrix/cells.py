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

    @classmethod
    def of(cls, *options: Sequence[str] | None) -> Filters:
        """From options of the command line in this order, None for one that was not given."""
        return cls(*(tuple(values or ()) for values in options))

    def __bool__(self) -> bool:
        return any(patterns for _, patterns in self.options())

    def options(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each option of the command line with its patterns."""
        return (
            ("--model", self.models),
            ("--system", self.systems),
            ("--backend", self.backends),
            ("--version", self.versions),
            ("--mode", self.modes),
        )


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
    coordinates = [(cell.model, cell.system, cell.backend, cell.version, cell.mode.value) for cell in cells]
    options = filters.options()
    for place, (option, patterns) in enumerate(options):
        require_matches(option, patterns, [values[place] for values in coordinates])
    chosen = tuple(
        cell
        for cell, values in zip(cells, coordinates, strict=True)
        if all(passes(value, patterns) for value, (_, patterns) in zip(values, options, strict=True))
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
