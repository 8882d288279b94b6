"""The support matrix on disk: upstream's CSV files, single or one per system."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import MatrixFileError, OutputError
from harness.files import read_bytes
from harness.matrix.publish import publish
from harness.matrix.table import (
    COLUMNS,
    WIDTHS,
    Matrix,
    parse_csv,
    parse_row,
    shown,
    system_sort_key,
    to_csv,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.coordinates import Cell
    from harness.matrix.table import Row

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything that could be read of a matrix, and everything that is wrong with it.

    Attributes:
        matrix: The rows without a flaw.
        cells: Cells of all rows with readable coordinates.
        rows: Number of rows, flawed ones included.
        problems: One error per flaw, in the order of the files.
    """

    matrix: Matrix
    cells: frozenset[Cell]
    rows: int
    problems: tuple[MatrixFileError, ...]


class _BlankStatusError(MatrixFileError):
    """A row whose status is left out: wrong, but it can be compared with another matrix."""


def read_matrix(path: Path, *, strict: bool = True) -> Matrix:
    """Read a matrix from a CSV file, or from a folder with one CSV per system.

    Args:
        path: The file or folder, of any release.
        strict: Also refuse rows whose status is left out; otherwise they are the matrix's `unjudged` cells.

    Raises:
        MatrixFileError: It is not a support matrix; the error names the first flaw.
    """
    scan = scan_matrix(path)
    problems = [each for each in scan.problems if strict or not isinstance(each, _BlankStatusError)]
    if not problems:
        return scan.matrix
    first = problems[0]
    more = f"{len(problems)} problems; list them: aic-harness matrix verify {path}" if len(problems) > 1 else ""
    raise MatrixFileError(first.where, first.found, first.expected, more)


def scan_matrix(path: Path) -> Scan:
    """Read what can be read of a matrix and collect all its problems.

    Raises:
        MatrixFileError: There is nothing to read: no such file, no CSV in the folder, no usable index.
    """
    try:
        if (path / INDEX).exists():
            return _scan_indexed(path)
        is_folder = path.is_dir()
        files = sorted(path.glob("*.csv")) if is_folder else [path] if path.exists() else []
    except OSError as error:
        raise MatrixFileError(str(path), error.strerror or str(error), "a path that can be read") from error
    if not files:
        found = "a folder without CSV files" if is_folder else "no such file"
        raise MatrixFileError(str(path), found, "a support-matrix CSV, or a folder of them")
    scanner = _Scanner()
    for file in files:
        scanner.read(file)
    return scanner.scan(path)


def _scan_indexed(folder: Path) -> Scan:
    scanner = _Scanner()
    names = _index_names(folder)
    for place, name in enumerate(names, start=1):
        where = f"{folder / INDEX}, entry {place}"
        if not _is_inside(folder, name):
            scanner.problems.append(MatrixFileError(where, shown(name), "the name of a CSV file in the same folder"))
        elif name in names[: place - 1]:
            scanner.problems.append(MatrixFileError(where, f"{shown(name)} again", "every file once"))
        elif not (folder / name).is_file():
            scanner.problems.append(MatrixFileError(where, f"{shown(name)}, which is not there", "a file that exists"))
        else:
            scanner.read(folder / name, system=name.removesuffix(".csv"))
    return scanner.scan(folder)


def _index_names(folder: Path) -> list[str]:
    index = folder / INDEX
    expected = 'a JSON object such as {"files": ["h100_sxm.csv"]}'
    try:
        document = json.loads(read_bytes(index))
    except OSError as error:
        raise MatrixFileError(str(index), error.strerror or str(error), expected) from error
    except (ValueError, RecursionError) as error:
        raise MatrixFileError(str(index), f"no JSON ({error})", expected) from error
    names = document.get("files") if isinstance(document, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise MatrixFileError(str(index), "no list of file names", expected)
    return names


def _is_plain(name: str) -> bool:
    return name.isprintable() and name == Path(name).name and name.endswith(".csv")


def _is_inside(folder: Path, name: str) -> bool:
    """Whether the name is that of a CSV in the folder itself, also after following symbolic links."""
    try:
        return _is_plain(name) and (folder / name).resolve().parent == folder.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return False


class _Scanner:
    """Reads the files of one matrix one after the other."""

    def __init__(self) -> None:
        self.problems: list[MatrixFileError] = []
        self._rows: list[Row] = []
        self._unjudged: list[Cell] = []
        self._seen: dict[Cell, str] = {}
        self._count = 0
        self._width = 0

    def read(self, file: Path, system: str = "") -> None:
        """Read one file; `system` is the only one it may speak of, if given."""
        try:
            records = parse_csv(_read(file), str(file))
            self._read_header(file, next(records)[1])
            for line, fields in records:
                self._read_row(f"{file}:{line}", fields, system)
        except MatrixFileError as error:
            self.problems.append(error)

    def scan(self, path: Path) -> Scan:
        """All of it; `path` is what the user named."""
        if not self._count and not self.problems:
            self.problems.append(MatrixFileError(str(path), "no rows", "at least one row after the header"))
        matrix = Matrix(tuple(sorted(self._rows)), self._width or len(COLUMNS), tuple(sorted(self._unjudged)))
        return Scan(matrix, frozenset(self._seen), self._count, tuple(self.problems))

    def _read_header(self, file: Path, header: list[str]) -> None:
        if tuple(header) not in {COLUMNS[:width] for width in WIDTHS}:
            expected = f"{','.join(COLUMNS)} (older releases: the first {WIDTHS[0]} or {WIDTHS[1]} of them)"
            pairs = zip_longest(header, COLUMNS)
            place, name = next((place, name) for place, (name, column) in enumerate(pairs, 1) if name != column)
            found = f"a header of {len(header)} columns" if name is None else f"{shown(name)} as column {place}"
            raise MatrixFileError(f"{file}:1", found, expected)
        if self._width not in {0, len(header)}:
            found = f"a header of {len(header)} columns"
            raise MatrixFileError(f"{file}:1", found, f"{self._width} columns, as in the files before it")
        self._width = len(header)

    def _read_row(self, where: str, fields: list[str], system: str) -> None:
        self._count += 1
        parsed = parse_row(fields, self._width)
        for flaw in parsed.flaws:
            kind = _BlankStatusError if parsed.unjudged else MatrixFileError
            place = f"{where}, field {flaw.field}" if flaw.field else where
            self.problems.append(kind(place, flaw.found, flaw.expected))
        cell = parsed.cell
        if cell is None:
            return
        if system and cell.system != system:
            expected = f"{shown(system)}, as in the name of the file"
            self.problems.append(MatrixFileError(f"{where}, field System", shown(cell.system), expected))
        if cell in self._seen:
            found = f"a second row for {shown(str(cell))} (the first: {self._seen[cell]})"
            self.problems.append(MatrixFileError(where, found, "one row for every cell"))
            return
        self._seen[cell] = where
        if parsed.row:
            self._rows.append(parsed.row)
        elif parsed.unjudged:
            self._unjudged.append(cell)


def _read(file: Path) -> bytes:
    try:
        return read_bytes(file)
    except OSError as error:
        raise MatrixFileError(str(file), error.strerror or str(error), "a file that can be read") from error


def matrix_file(matrix: Matrix, path: Path) -> bytes:
    """What a matrix's one CSV file holds.

    Raises:
        OutputError: The matrix has no rows, or two for one cell; the error names the path it was meant for.
    """
    return _csv(tuple(sorted(matrix.rows)), path)


def merged(path: Path | None, rows: Iterable[Row]) -> Matrix:
    """A matrix of these rows, and of those of the matrix at the path that speak of other cells.

    Raises:
        MatrixFileError: What lies at the path is no matrix.
    """
    new = {row.cell: row for row in rows}
    exists = path is not None and (path.is_file() or any(path.glob("*.csv")))
    old = read_matrix(path).rows if path is not None and exists else ()
    return Matrix.from_rows([*(row for row in old if row.cell not in new), *new.values()])


def write_matrix(matrix: Matrix, path: Path) -> None:
    """Write a matrix as one CSV file.

    Raises:
        OutputError: It cannot be written; no file has been touched.
    """
    publish({path: matrix_file(matrix, path)})


def write_split(matrix: Matrix, folder: Path) -> None:
    """Write a matrix as one CSV file per system, with an index in product order.

    Files that the folder's previous index lists and the new one does not are removed; no other file is.

    Raises:
        OutputError: It cannot be written; unless a disk breaks between two renames, no file has been touched.
    """
    rows = sorted(matrix.rows, key=lambda row: (system_sort_key(row.system), row.system, row))
    contents: dict[Path, bytes] = {}
    for system, group in groupby(rows, key=lambda row: row.system):
        name = f"{system}.csv"
        if not _is_plain(name):
            raise OutputError(str(folder), f"a system named {shown(system)}", "a name that can be a file's")
        contents[folder / name] = _csv(tuple(group), folder)
    names = [path.name for path in contents]
    contents[folder / INDEX] = (json.dumps({"files": names}, indent=2) + "\n").encode()
    stale = _listed(folder) - set(names)
    publish(contents)
    for path in (folder / name for name in sorted(stale)):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(str(path), error.strerror or str(error), "a file that can be removed") from error


def _listed(folder: Path) -> set[str]:
    """Files that an earlier `write_split` left in the folder."""
    if not (folder / INDEX).exists():
        return set()
    try:
        names = _index_names(folder)
    except MatrixFileError as error:
        todo = "Choose another folder, or remove the file."
        raise OutputError(error.where, error.found, "the index of a support matrix", todo) from error
    return {name for name in names if _is_inside(folder, name)}


def _csv(rows: tuple[Row, ...], path: Path) -> bytes:
    cells = {row.cell for row in rows}
    if not rows or len(cells) < len(rows):
        found = f"{len(rows) - len(cells)} cells twice in the result" if rows else "a result without rows"
        raise OutputError(str(path), found, "one row for every cell, and at least one")
    return to_csv(rows)
