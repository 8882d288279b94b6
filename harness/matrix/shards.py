"""Divides the cells of a run into shards of like cost, whole databases each.

`python -m harness.matrix.shards support_matrix.evidence.parquet` writes down anew what databases cost.
"""

from __future__ import annotations

import functools
import math
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness.data_files import Record, data_path, load_toml
from harness.matrix.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.coordinates import Cell, Database

PIECE_S = 20.0
"""What another machine does at a time: what is lost with it, against the 3 seconds that loading a database takes."""

_FILE = ("fixtures", "database_costs.toml")
_HEAD = """\
# Seconds that a run took to judge the cells of each database, by the evidence of the last run over all of them. They
# balance shards; what does not stand here counts as the median. Written by `python -m harness.matrix.shards`.

# Beside its cells, to start a process and to load the subject.
start_s = 2.0
"""


class _Cost(Record):
    database: str
    cells: int
    seconds: float


class _Costs(Record):
    start_s: float
    costs: tuple[_Cost, ...]

    def of(self, database: Database, cells: int) -> float:
        """Seconds that so many cells of a database take."""
        each = {cost.database: cost.seconds / cost.cells for cost in self.costs}
        return self.start_s + cells * each.get(str(database), median(each.values()))


@dataclass(frozen=True, slots=True)
class ShardSize:
    """What a shard has to do.

    Attributes:
        cells: How many cells it judges.
        costs: Seconds that one process is expected to take for each of its databases, by what they cost before.
    """

    cells: int
    costs: Mapping[Database, float]

    @property
    def seconds(self) -> float:
        """That one process is expected to take for all of it."""
        return sum(self.costs.values())


def cells_of_shard(cells: Sequence[Cell], number: int, of: int) -> tuple[Cell, ...]:
    """The cells of one shard, in their order.

    The costliest database goes first, each to the shard that has least to do.

    Args:
        cells: Cells of the run; those of one database stand together.
        number: Which shard; the first is 1.
        of: How many there are.
    """
    chosen = _divided(_sizes(cells), of)[number - 1]
    return tuple(cell for cell in cells if cell.database in chosen)


def shard_sizes(cells: Sequence[Cell], of: int) -> tuple[ShardSize, ...]:
    """What each of so many shards has to do, the first in front; see `cells_of_shard`."""
    sizes = _sizes(cells)
    return tuple(ShardSize(sum(sizes[database] for database in costs), costs) for costs in _divided(sizes, of))


def _sizes(cells: Sequence[Cell]) -> dict[Database, int]:
    return {database: len(list(group)) for database, group in groupby(cells, lambda cell: cell.database)}


def _divided(sizes: Mapping[Database, int], of: int) -> tuple[dict[Database, float], ...]:
    """The databases of each shard, with what each costs."""
    costs = {database: _costs().of(database, size) for database, size in sizes.items()}
    shards: tuple[dict[Database, float], ...] = tuple({} for _ in range(of))
    loads = [0.0] * of
    for database in sorted(costs, key=lambda database: (-costs[database], database)):
        home = loads.index(min(loads))
        loads[home] += costs[database]
        shards[home][database] = costs[database]
    return shards


def pieces(cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    """The cells of one database in pieces of like size, none of which costs much more than `PIECE_S`."""
    number = math.ceil(_costs().of(cells[0].database, len(cells)) / PIECE_S)
    size = math.ceil(len(cells) / number)
    return [cells[start : start + size] for start in range(0, len(cells), size)]


@functools.cache
def _costs() -> _Costs:
    return load_toml(data_path(*_FILE), _Costs)


def costs_text(seconds: Iterable[tuple[str, float]]) -> str:
    """The data file of costs.

    Args:
        seconds: For each cell, its database and the seconds that it took.
    """
    by_database: dict[str, list[float]] = {}
    for database, took in seconds:
        by_database.setdefault(database, []).append(took)
    entries = (
        f'\n[[costs]]\ndatabase = "{name}"\ncells = {len(took)}\nseconds = {sum(took):.1f}\n'
        for name, took in sorted(by_database.items())
    )
    return _HEAD + "".join(entries)


def _main(evidence: Path) -> None:
    from harness.matrix.evidence import read_evidence  # noqa: PLC0415 - pandas, only to write the file

    frame = read_evidence(evidence).frame
    names = frame["system"] + "/" + frame["backend"] + "/" + frame["version"]
    publish({data_path(*_FILE): costs_text(zip(names, frame["seconds"], strict=True)).encode()})


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
