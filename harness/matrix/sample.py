"""A small sample of the matrix that touches everything once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.coordinates import Cell, Database, Status


def covering_sample(cells: Sequence[Cell], recorded: Mapping[Cell, Status | None]) -> tuple[Cell, ...]:
    """Cells that cover every model, system, backend version and recorded status, over few databases.

    Loading a database costs seconds and judging a cell milliseconds, so databases are chosen first: as few as cover
    all systems and backend versions. The models are then dealt over them, and cells are added until each status that
    the recorded matrix has occurs. The choice depends on the arguments alone.

    Args:
        cells: All cells, grouped by database.
        recorded: Statuses known from an earlier run; may be empty.
    """
    databases = _cover(
        list(dict.fromkeys(cell.database for cell in cells)),
        lambda database: {("system", database.system), ("version", database.backend, database.version)},
    )
    models = list(dict.fromkeys(cell.model for cell in cells))
    places = range(max(len(models), len(databases)))
    dealt = {(models[place % len(models)], databases[place % len(databases)]) for place in places}
    chosen = {cell for cell in cells if (cell.model, cell.database) in dealt}
    seen = {recorded.get(cell) for cell in chosen}
    nearby = sorted(cells, key=lambda cell: cell.database not in databases)
    for cell in nearby:
        status = recorded.get(cell)
        if status is not None and status not in seen:
            seen.add(status)
            chosen.add(cell)
    return tuple(cell for cell in cells if cell in chosen)


def _cover(databases: Sequence[Database], features: Callable[[Database], set[tuple[str, ...]]]) -> list[Database]:
    """Greedy set cover: always the database that adds most, the first of those that add the same."""
    missing = set().union(*(features(database) for database in databases))
    chosen = []
    while missing:
        best = max(databases, key=lambda database: len(features(database) & missing))
        chosen.append(best)
        missing -= features(best)
    return chosen
