"""On which databases measured rows answer for the shapes that a model's layers need.

Asked are the dimensions of a layer. Not asked are datatypes: a shape that was measured in one datatype alone counts,
although the subject may refuse it in another; and dense matrix products, which are interpolated everywhere.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.data_files import Record, data_path, load_toml
from harness.subjects.models import Measured, Need
from harness.subjects.table_sources import TableSources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.coordinates import Database

_RANKS = (1, 2, 4, 8)
_KERNEL = "kernel_source"


class _Grouped(Record):
    heads: str
    kv_heads: str


class _Part(Record):
    file: str
    columns: dict[str, str] = Field(default_factory=dict)
    rows: dict[str, str] = Field(default_factory=dict)
    grouped: _Grouped | None = None

    @property
    def dimensions(self) -> frozenset[str]:
        """Dimensions that a layer must have."""
        return frozenset(self.columns) | ({"heads", "kv_heads"} if self.grouped else frozenset())

    def asked(self, sizes: Mapping[str, int]) -> Question:
        """What the table is asked about a layer of these dimensions."""
        conditions = [Condition(column, sizes[name]) for name, column in self.columns.items()]
        conditions += [Condition(column, pattern) for column, pattern in self.rows.items()]
        if self.grouped:
            alike = sizes["heads"] == sizes["kv_heads"]
            conditions.append(Condition(self.grouped.heads, self.grouped.kv_heads, alike))
            if not alike:
                conditions.append(Condition(self.grouped.kv_heads, sizes["kv_heads"]))
        return Question(self.file, tuple(conditions))


class _Table(Record):
    kinds: tuple[str, ...]
    parts: tuple[_Part, ...]
    of: dict[str, int] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    divided: tuple[str, ...] = ()

    def fits(self, need: Need) -> bool:
        """Whether the table is of the need's kind, and of dimensions that it has."""
        sizes = dict(need.sizes)
        return (
            need.kind in self.kinds
            and all(part.dimensions <= sizes.keys() for part in self.parts)
            and self.of.items() <= sizes.items()
            and sizes.keys().isdisjoint(self.without)
        )

    def ways(self, need: Need) -> Iterator[tuple[Question, ...]]:
        """What must be answered together, for each number of ranks."""
        for ranks in _RANKS if self.divided else (1,):
            sizes = {name: max(1, size // ranks) if name in self.divided else size for name, size in need.sizes}
            yield tuple(part.asked(sizes) for part in self.parts)


class _Tables(Record):
    tables: tuple[_Table, ...]


@cache
def _tables() -> tuple[_Table, ...]:
    return load_toml(data_path("fixtures", "measured_tables.toml"), _Tables).tables


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must hold.

    Attributes:
        column: A column.
        wanted: Its number, a glob for its text, or another column.
        alike: Whether the two columns must hold the same number or different ones; None if there is one column.
    """

    column: str
    wanted: int | str
    alike: bool | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are looked at."""
        return (self.column,) if self.alike is None else (self.column, str(self.wanted))

    @property
    def is_text(self) -> bool:
        """Whether the column holds text."""
        return self.alike is None and isinstance(self.wanted, str)


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a table has rows of a certain kind.

    Attributes:
        file: The table.
        conditions: What the rows must hold.
    """

    file: str
    conditions: tuple[Condition, ...]


def measured(systems: Path, databases: Iterable[Database], needs: Iterable[Need]) -> tuple[Measured, ...]:
    """Where rows answer for each need.

    Args:
        systems: The subject's folder of systems.
        databases: Databases that can be asked for.
        needs: What a model's layers need.
    """
    wanted, asked = tuple(dict.fromkeys(needs)), tuple(databases)
    # A need is met in one of several ways, each of which takes several answers.
    ways = {need: [way for table in _tables() if table.fits(need) for way in table.ways(need)] for need in wanted}
    questions = dict.fromkeys(question for found in ways.values() for way in found for question in way)
    names = {question.file for question in questions}
    sources = TableSources(systems, names)
    files = sorted({source.path for database in asked for name in names for source in sources.of(database, name)})
    by_file = {path: [question for question in questions if question.file == path.stem] for path in files}

    def read(path: Path) -> dict[Question, frozenset[str]]:
        return _answers(path, by_file[path], kernels=sources.lends(path.stem))

    # Reading releases the interpreter lock, so that threads share the work.
    with ThreadPoolExecutor() as pool:
        answers = dict(zip(files, pool.map(read, files), strict=True))

    def holds(database: Database, question: Question) -> bool:
        return any(
            bool(kernels if source.kernels is None else kernels & source.kernels)
            for source in sources.of(database, question.file)
            for kernels in [answers[source.path][question]]
        )

    return tuple(
        Measured(
            need,
            known=bool(ways[need]),
            databases=tuple(
                sorted(d for d in asked if any(all(holds(d, question) for question in way) for way in ways[need]))
            ),
        )
        for need in wanted
    )


def _answers(path: Path, questions: Sequence[Question], *, kernels: bool) -> dict[Question, frozenset[str]]:
    """Kernels whose rows answer each question; one without a name where kernels do not matter."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - loading it costs more than most commands need

    conditions = {condition for question in questions for condition in question.conditions}
    texts = {condition.column for condition in conditions if condition.is_text} | ({_KERNEL} if kernels else set())
    file = pq.ParquetFile(path, read_dictionary=sorted(texts))
    columns = texts | {column for condition in conditions for column in condition.columns}
    rows = _Rows(file.read(columns=sorted(columns & set(file.schema_arrow.names)), use_threads=False))
    return {question: rows.answering(question, kernels=kernels) for question in questions}


class _Rows:
    """The rows of a table; what questions have in common is looked up once.

    Args:
        table: The table, as pyarrow reads it.
    """

    def __init__(self, table: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        self._table = table
        self._masks: dict[Condition, Any] = {}

    def answering(self, question: Question, *, kernels: bool) -> frozenset[str]:
        """Kernels of the rows that answer; one without a name where kernels do not matter."""
        import pyarrow.compute as pc  # noqa: PLC0415 - loading it costs more than most commands need

        masks = [self._mask(condition) for condition in question.conditions]
        # One mask for all columns: taking the rows out again and again costs ten times as much.
        mask = reduce(pc.and_, masks) if masks else None
        if not kernels:
            found = self._table.num_rows > 0 if mask is None else pc.any(mask).as_py()
            return frozenset({""} if found else ())
        held = self._table[_KERNEL]
        return frozenset(map(str, pc.unique(held if mask is None else held.filter(mask)).to_pylist()))

    def _mask(self, condition: Condition) -> Any:  # noqa: ANN401 - same
        if condition not in self._masks:
            self._masks[condition] = self._looked_up(condition)
        return self._masks[condition]

    def _looked_up(self, condition: Condition) -> Any:  # noqa: ANN401 - same
        import pyarrow as pa  # noqa: PLC0415 - loading it costs more than most commands need
        import pyarrow.compute as pc  # noqa: PLC0415 - same

        column, wanted = condition.column, condition.wanted
        if column not in self._table.column_names:
            # A table without a column, such as a window, was measured before anything had one.
            return pa.chunked_array([pa.repeat(wanted == 0, self._table.num_rows)])
        held = self._table[column]
        if condition.alike is not None:
            return (pc.equal if condition.alike else pc.not_equal)(held, self._table[wanted])
        if condition.is_text:
            texts = [text for text in pc.unique(held).to_pylist() if fnmatchcase(str(text), str(wanted))]
            return pc.is_in(held, value_set=pa.array(texts, pa.string()))
        return pc.equal(held, wanted)
