"""Which measured tables hold the shapes that a model's layers need.

Tables lie in `data/<system>/<family of ops>/<backend>/<version>/<table>.parquet`, one row for each measured point.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from harness.coordinates import Database
from harness.data_files import Record, data_path, load_toml
from harness.subjects.models import Measured, Need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_RANKS = (1, 2, 4, 8)
_DEPTH = 4
"""Folders between the data folder and a table: system, family of ops, backend, version."""


class _Table(Record):
    kinds: tuple[str, ...]
    file: str
    columns: dict[str, str]
    divided: tuple[str, ...]


class _Tables(Record):
    tables: tuple[_Table, ...]


@cache
def _tables() -> tuple[_Table, ...]:
    return load_toml(data_path("fixtures", "measured_tables.toml"), _Tables).tables


def measured(data: Path, needs: Iterable[Need]) -> tuple[Measured, ...]:
    """Where each need is measured.

    Args:
        data: The subject's data folder.
        needs: What a model's layers need.
    """
    wanted = tuple(needs)
    chosen = {need: [table for table in _tables() if _fits(table, need)] for need in wanted}
    names = {table.file for tables in chosen.values() for table in tables}
    files = [path for name in sorted(names) for path in sorted(data.glob(f"*/*/*/*/{name}.parquet"))]
    # Reading releases the interpreter lock, so that threads share the work.
    with ThreadPoolExecutor() as pool:
        columns = [_columns(path.stem) for path in files]
        rows = dict(zip(files, pool.map(_shapes, files, columns), strict=True))
    return tuple(
        Measured(
            need,
            known=bool(tables),
            databases=tuple(sorted({_database(path) for path in files if _covers(path, tables, need, rows[path])})),
        )
        for need, tables in chosen.items()
    )


def _fits(table: _Table, need: Need) -> bool:
    """Whether a table is of the need's kind and of dimensions that it has."""
    return need.kind in table.kinds and table.columns.keys() <= dict(need.sizes).keys()


def _columns(name: str) -> tuple[str, ...]:
    return tuple(sorted({column for table in _tables() if table.file == name for column in table.columns.values()}))


@cache
def _shapes(path: Path, columns: tuple[str, ...]) -> frozenset[tuple[tuple[str, int], ...]]:
    """Every distinct combination of the columns."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - loading it costs more than most commands need

    file = pq.ParquetFile(path)
    # A table without a column, such as a window, was measured before anything had one.
    present = [name for name in columns if name in file.schema_arrow.names]
    rows = file.read(columns=present).group_by(present).aggregate([]).to_pylist()
    absent = tuple((name, 0) for name in columns if name not in present)
    return frozenset(tuple(sorted((*((name, int(value)) for name, value in row.items()), *absent))) for row in rows)


def _covers(path: Path, tables: list[_Table], need: Need, rows: frozenset[tuple[tuple[str, int], ...]]) -> bool:
    return any(table.file == path.stem and any(row in rows for row in _rows(table, need)) for table in tables)


def _rows(table: _Table, need: Need) -> Iterator[tuple[tuple[str, int], ...]]:
    """The row that would hold the need, on each number of ranks."""
    sizes = dict(need.sizes)
    for ranks in _RANKS:
        divided = {name: max(1, size // ranks) if name in table.divided else size for name, size in sizes.items()}
        yield tuple(sorted((column, divided[name]) for name, column in table.columns.items()))


def _database(path: Path) -> Database:
    system, _, backend, version = path.parts[-_DEPTH - 1 : -1]
    return Database(system, backend, version)
