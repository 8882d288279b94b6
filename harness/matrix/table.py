"""The support matrix in memory: its columns, its rows, and how they look as CSV.

The `csv` module quotes as upstream does, so that a file that is read and written again is byte-identical, and it knows
the line that a row begins on, which an error message needs.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.coordinates import Cell, Mode, Status
from harness.data_files import Record, data_path, load_toml
from harness.errors import MatrixFileError
from harness.matrix.records import SOURCES
from harness.text import spreadsheet_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.matrix.records import Verdict
    from harness.subjects.api import Point

COLUMNS = (
    "HuggingFaceID",
    "Architecture",
    "System",
    "Backend",
    "Version",
    "Mode",
    "Status",
    "ErrMsg",
    "Command",
    "Source",
)
"""Upstream's columns. Older releases end after `ErrMsg` or after `Command`."""

WIDTHS = (8, 9, 10)
"""Column counts that releases have shipped; each is a prefix of `COLUMNS`."""

_COORDINATES = ("HuggingFaceID", "System", "Backend", "Version")
_SILICON, *_EMPIRICAL = SOURCES
_LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_SHOWN = 60


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One row of the matrix; rows sort as upstream's single file does.

    Attributes:
        source: Worst data provenance of the search; empty unless the status is a pass.
        error, command: As in the file; what is written is always one line.
    """

    model: str
    architecture: str
    system: str
    backend: str
    version: str
    mode: Mode
    status: Status
    error: str
    command: str
    source: str

    @classmethod
    def from_verdict(cls, verdict: Verdict) -> Row:
        """The part of a verdict that the CSV keeps."""
        cell = verdict.cell
        return cls(
            model=cell.model,
            architecture=spreadsheet_text(one_line(verdict.architecture)),
            system=cell.system,
            backend=cell.backend,
            version=cell.version,
            mode=cell.mode,
            status=verdict.status,
            error=spreadsheet_text(one_line(verdict.error)),
            command=spreadsheet_text(one_line(verdict.command)),
            source=verdict.source,
        )

    @property
    def cell(self) -> Cell:
        """The question that the row answers."""
        return Cell(self.model, self.system, self.backend, self.version, self.mode)

    @property
    def fields(self) -> tuple[str, ...]:
        """The row in the order of `COLUMNS`, without line breaks."""
        values = (
            self.model,
            self.architecture,
            self.system,
            self.backend,
            self.version,
            self.mode.value,
            self.status.value,
            self.error,
            self.command,
            self.source,
        )
        return tuple(one_line(value) for value in values)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A support matrix.

    Attributes:
        rows: Sorted.
        columns: How many columns the file had that it was read from.
        unjudged: Cells that a file lists without any status (release 0.8.0 does), sorted.
    """

    rows: tuple[Row, ...]
    columns: int = len(COLUMNS)
    unjudged: tuple[Cell, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Matrix:
        """A matrix of the current columns from rows in any order."""
        return cls(tuple(sorted(rows)))

    @property
    def statuses(self) -> dict[Cell, Status | None]:
        """Every cell with its answer; None where the file leaves it out."""
        return {row.cell: row.status for row in self.rows} | dict.fromkeys(self.unjudged)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one field of a row; `field` is empty when it is the row as a whole."""

    field: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """What could be read of a row.

    Attributes:
        cell: None when a coordinate is unreadable.
        row: None when anything is unreadable.
        flaws: Everything that is wrong with it.
        unjudged: The one thing wrong is that the status is left out.
    """

    cell: Cell | None
    row: Row | None
    flaws: tuple[Flaw, ...]
    unjudged: bool = False


def evidence_record(verdict: Verdict) -> dict[str, object]:
    """A verdict as one row of the evidence; what it does not have is left out."""
    cell, origin = verdict.cell, verdict.origin
    record: dict[str, object] = {
        "model": cell.model,
        "system": cell.system,
        "backend": cell.backend,
        "version": cell.version,
        "mode": cell.mode.value,
        "architecture": verdict.architecture,
        "status": verdict.status.value,
        "source": verdict.source,
        "error": verdict.error,
        "command": verdict.command,
        "data_origin": origin.label if origin else None,
        "inherited": ", ".join(origin.inherited) if origin else None,
        "points_tried": verdict.points_tried,
        "seconds": verdict.seconds,
        "log": verdict.log,
    }
    record |= _point_record(verdict.point) if verdict.point else {}
    return {key: utf8(value) if isinstance(value, str) else value for key, value in record.items()}


def _point_record(point: Point) -> dict[str, object]:
    record: dict[str, object] = {
        "deployment": "; ".join(
            f"{each.role} {each.replicas} x {each.layout}, batch {each.batch}" for each in point.workers
        ),
        "gpus": point.gpus,
        "ttft_ms": point.ttft_ms,
        "tpot_ms": point.tpot_ms,
        "tokens_per_s_per_gpu": point.tokens_per_s_per_gpu,
    }
    for worker in point.workers:
        record[f"{worker.role}_layout"] = str(worker.layout)
        record[f"{worker.role}_replicas"] = worker.replicas
        record[f"{worker.role}_batch"] = worker.batch
        record[f"{worker.role}_memory_bytes"] = worker.memory_bytes
    return record


def parse_csv(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV file with the line that each begins on; the header comes first.

    Raises:
        MatrixFileError: It is empty, not UTF-8, or not CSV; `name` is what the error calls it.
    """
    try:
        # Spreadsheet programs put a byte-order mark first; it says nothing, and would become part of the first name.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise MatrixFileError(f"{name}:{line}", f"byte 0x{error.object[error.start]:02x}", "UTF-8 text") from error
    if not text.strip():
        raise MatrixFileError(f"{name}:1", "an empty file", f"the header {','.join(COLUMNS)}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise MatrixFileError(f"{name}:{line}", f"a row that cannot be parsed ({error})", "CSV") from error


def to_csv(rows: Iterable[Row]) -> bytes:
    """The rows as a CSV file, in the order given."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.fields for row in rows)
    return utf8(text.getvalue()).encode()


def parse_row(fields: Sequence[str], width: int) -> ParsedRow:
    """Read one row of a file whose header has `width` columns."""
    if len(fields) != width:
        found = f"{len(fields)} fields" if fields else "an empty line"
        return ParsedRow(None, None, (Flaw("", found, f"{width} fields, as in the header"),))
    values = dict(zip(COLUMNS, fields, strict=False))
    misplaced = _coordinate_flaws(values)
    cell = None if misplaced else _cell(values)
    if values["Status"] not in set(Status):
        flaw = Flaw("Status", shown(values["Status"]), f"one of {', '.join(Status)}")
        unjudged = not misplaced and not values["Status"]
        return ParsedRow(cell, None, (*misplaced, flaw), unjudged)
    status = Status(values["Status"])
    # Before there was a column for it, a PASS could only come from measured data.
    source = values.get("Source", _SILICON if status is Status.PASS else "")
    flaws = (*misplaced, *_source_flaws(status, source))
    if cell is None or flaws:
        return ParsedRow(cell, None, flaws)
    row = Row(
        model=cell.model,
        architecture=values["Architecture"],
        system=cell.system,
        backend=cell.backend,
        version=cell.version,
        mode=cell.mode,
        status=status,
        error=values["ErrMsg"],
        command=values.get("Command", ""),
        source=source,
    )
    return ParsedRow(cell, row, ())


def one_line(text: str) -> str:
    """The text with every line break turned into a space."""
    return _LINE_BREAKS.sub(" ", text)


def utf8(text: str) -> str:
    """The text with lone surrogates (bytes that the subject could not decode) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(value: str) -> str:
    """A value from a file, fit for a message: quoted, on one line, and short."""
    return repr(value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…")


def system_sort_key(system: str) -> tuple[int, str]:
    """Place of a system in product order."""
    name, prefixes = system.lower(), _system_prefixes()
    place = next((place for place, prefix in enumerate(prefixes) if name.startswith(prefix)), len(prefixes))
    return place, name


class _Systems(Record):
    prefixes: tuple[str, ...]


@functools.cache
def _system_prefixes() -> tuple[str, ...]:
    return load_toml(data_path("fixtures", "systems.toml"), _Systems).prefixes


def _coordinate_flaws(values: Mapping[str, str]) -> tuple[Flaw, ...]:
    flaws = [
        Flaw(name, shown(values[name]), "a name on one line")
        for name in _COORDINATES
        if not values[name].strip() or values[name] != one_line(values[name])
    ]
    if values["Mode"] not in set(Mode):
        flaws.append(Flaw("Mode", shown(values["Mode"]), f"one of {', '.join(Mode)}"))
    return tuple(flaws)


def _cell(values: Mapping[str, str]) -> Cell:
    model, system, backend, version = (values[name] for name in _COORDINATES)
    return Cell(model, system, backend, version, Mode(values["Mode"]))


def _source_flaws(status: Status, source: str) -> tuple[Flaw, ...]:
    if status is Status.PASS:
        allowed: tuple[str, ...] = (_SILICON,)
    elif status is Status.HYBRID_PASS:
        allowed = tuple(_EMPIRICAL)
    else:
        allowed = ("",)
    if source in allowed:
        return ()
    if source and source not in SOURCES:
        return (Flaw("Source", shown(source), f"one of {', '.join(SOURCES)}, or nothing"),)
    wanted = " or ".join(allowed) or "nothing"
    return (Flaw("Source", shown(source), f"{wanted} for {status}"),)
