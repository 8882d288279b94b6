"""A strict stream of JSON lines: a header, records with keys, a footer that says how many there are.

It is written record by record beside its place and moved there with the footer: a run that dies leaves all it did, and
what is cut off never passes for what is complete.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from harness.errors import OutputError, ResultsError
from harness.files import created, read_bytes
from harness.matrix.table import shown, utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO, Self

Content = dict[str, Any]

_EXPECTED = "the results that `aic-harness` writes"


@dataclass(frozen=True, slots=True)
class Format:
    """What a stream holds: its name, and the version of what its records look like."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a stream.

    Attributes:
        format, format_version: As in `Format`.
        versions: Of harness, subject, data and Python.
        started: When the run began: UTC, ISO 8601.
        about: What the run is about; its fields depend on the format.
    """

    format: str
    format_version: int
    versions: dict[str, str]
    started: str
    about: Content


@dataclass(frozen=True, slots=True)
class Entry:
    """One record.

    Attributes:
        key: What it is the result of; occurs once in a stream.
        outcome: How that ended, in one word, which the footer counts.
        content: The result; its fields depend on the format.
    """

    key: str
    outcome: str
    content: Content


@dataclass(frozen=True, slots=True)
class Footer:
    """Last line of a stream: how many records there are, how many of each outcome, and seconds that the run took."""

    records: int
    outcomes: dict[str, int]
    seconds: float

    @classmethod
    def of(cls, outcomes: Counter[str], seconds: float) -> Footer:
        """The footer of records with these outcomes."""
        return cls(outcomes.total(), dict(sorted(outcomes.items())), float(round(seconds, 1)))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that was read; without a footer, the run that wrote it did not end."""

    header: Header
    entries: tuple[Entry, ...]
    footer: Footer | None


def partial_path(path: Path) -> Path:
    """Where the stream of a run lies that has not ended."""
    return path.with_name(f"{path.name}.partial")


class Writer:
    """Writes a stream to a file, line by line; a context manager that closes it.

    Args:
        path: Where it lies in the end; until then, `partial_path` holds what is there.
        header: First line.
        done: Records of an earlier run that did not end, which this one goes on with.
        lasting: What is written is on the disk, whatever becomes of the machine, before the next thing is done.

    Raises:
        OutputError: It cannot be written; so do both methods.
    """

    def __init__(self, path: Path, header: Header, done: Iterable[Entry] = (), *, lasting: bool = False) -> None:
        self._path, self._outcomes, self._keys = path, Counter[str](), set[str]()
        self._lasting = lasting
        done = tuple(done)
        # What an earlier run wrote is there until all of it is there anew.
        start = partial_path(path).with_suffix(".start") if done else partial_path(path)
        self._file: BinaryIO = self._tried(lambda: _opened(start))
        self._write(header, sync=False)
        for entry in done:
            self.add(entry, sync=False)
        self.sync()
        if done:
            self._tried(lambda: start.replace(partial_path(path)))
        self._sync_folder()

    def add(self, entry: Entry, *, sync: bool = True) -> None:
        """Write one record.

        Args:
            entry: The record.
            sync: It is to last; records that can be had again for nothing may wait for `sync`.

        Raises:
            ValueError: Its key was there already.
        """
        if entry.key in self._keys:
            raise ValueError(f"two records are called {entry.key}")
        self._keys.add(entry.key)
        self._outcomes[entry.outcome] += 1
        self._write(entry, sync=sync)

    def sync(self) -> None:
        """Make everything written so far last."""
        if self._lasting:
            self._tried(lambda: os.fsync(self._file.fileno()))

    def finish(self, seconds: float) -> None:
        """Write the footer, which says that the run ended, and move the file to its place."""
        self._write(Footer.of(self._outcomes, seconds))
        self._tried(lambda: partial_path(self._path).replace(self._path))
        self._sync_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._tried(self._file.close)

    def _write(self, line: Header | Entry | Footer, *, sync: bool = True) -> None:
        # Unbuffered and one call for each line: what is written is whole lines, whenever the run dies.
        self._tried(lambda: _write_all(self._file, _line(line)))
        if sync:
            self.sync()

    def _sync_folder(self) -> None:
        if self._lasting:
            self._tried(lambda: _sync(self._path.parent))

    def _tried(self, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the action gives
        try:
            return action()
        except OSError as error:
            raise OutputError(str(self._path), error.strerror or str(error), "a place that can be written") from error


def _opened(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return created(path, buffering=0)


def _write_all(file: BinaryIO, content: bytes) -> None:
    # A disk that is nearly full takes a part, and says so only when it is asked to take the rest.
    while content:
        content = content[file.write(content) :]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_bytes(stream: Stream) -> bytes:
    """The stream as a file."""
    return b"".join(_line(line) for line in (stream.header, *stream.entries, stream.footer) if line is not None)


def read(path: Path, wanted: Format) -> Stream:
    """Read the stream of a run that ended.

    Raises:
        ResultsError: It is damaged in any way, has no footer, or is of another format.
    """
    stream, lines = _parsed(path, wanted)
    footer = stream.footer
    if footer is None:
        found = f"the end of the file after {len(stream.entries)} records, without a footer"
        raise ResultsError(f"{path}:{lines + 1}", found, "results of a run that ended", "Run it again.")
    counted = Counter(entry.outcome for entry in stream.entries)
    if footer.records != counted.total() or footer.outcomes != dict(counted):
        said = f"{footer.records} records ({_counts(footer.outcomes)})"
        there = f"as many as there are: {counted.total()} ({_counts(counted)})"
        raise ResultsError(f"{path}:{lines}, footer", said, there, "Run it again.")
    return stream


def format_of(path: Path) -> str:
    """Name of the format that a file says it has; empty where it says none."""
    try:
        said = _object(f"{path}:1", read_bytes(path).partition(b"\n")[0])
    except (OSError, ResultsError):
        return ""
    return str(said.get("format", ""))


def read_prefix(path: Path, wanted: Format) -> Stream:
    """Read what a run has written so far; a last line that was cut off is left out.

    Raises:
        ResultsError: There is no whole header, it is of another format, or a whole line is damaged.
    """
    return _parsed(path, wanted, cut_off=True)[0]


def _parsed(path: Path, wanted: Format, *, cut_off: bool = False) -> tuple[Stream, int]:
    """The stream, and how many lines it has."""
    lines = _lines(path, cut_off=cut_off)
    header = _header(f"{path}:1", lines[0], wanted)
    entries: dict[str, Entry] = {}
    footer: Footer | None = None
    for number, line in enumerate(lines[1:], 2):
        where = f"{path}:{number}"
        if footer is not None:
            raise ResultsError(where, "a line after the footer", "the end of the file")
        if "records" in line:
            footer = Footer(**_checked(where, line, _FOOTER))
            continue
        entry = Entry(**_checked(where, line, _ENTRY))
        if entry.key in entries:
            raise ResultsError(f"{where}, field key", f"{shown(entry.key)} again", "every key once")
        entries[entry.key] = entry
    return Stream(header, tuple(entries.values()), footer), len(lines)


def _lines(path: Path, *, cut_off: bool) -> list[Content]:
    try:
        content = read_bytes(path)
    except OSError as error:
        raise ResultsError(str(path), error.strerror or str(error), _EXPECTED) from error
    # The last piece is what stands behind the last line end: nothing, unless a line was cut off.
    *whole, torn = content.split(b"\n")
    parsed = [_object(f"{path}:{number}", line) for number, line in enumerate(whole, 1)]
    if torn and not cut_off:
        raise ResultsError(f"{path}:{len(whole) + 1}", "a line that was cut off", "a line end", "Run it again.")
    if not parsed:
        raise ResultsError(f"{path}:1", "no header", _EXPECTED)
    return parsed


def _object(where: str, line: bytes) -> Content:
    try:
        found = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ResultsError(where, f"byte 0x{line[error.start]:02x}", "UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(where, f"no JSON ({error})", _EXPECTED) from error
    if not isinstance(found, dict):
        raise ResultsError(where, f"{type(found).__name__} {shown(str(found))}", "a JSON object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _header(where: str, line: Content, wanted: Format) -> Header:
    if "format" not in line:
        raise ResultsError(where, "no header", _EXPECTED)
    if line["format"] != wanted.name:
        raise ResultsError(f"{where}, field format", shown(str(line["format"])), wanted.name)
    if line.get("format_version") != wanted.version:
        found = shown(str(line.get("format_version")))
        todo = "Read it with the harness that wrote it, or run it again."
        raise ResultsError(f"{where}, field format_version", found, str(wanted.version), todo)
    return Header(**_checked(where, line, _HEADER))


_HEADER: Mapping[str, type] = {"format": str, "format_version": int, "versions": dict, "started": str, "about": dict}
_ENTRY: Mapping[str, type] = {"key": str, "outcome": str, "content": dict}
_FOOTER: Mapping[str, type] = {"records": int, "outcomes": dict, "seconds": float}


def _checked(where: str, line: Content, fields: Mapping[str, type]) -> Content:
    """The line, if it has these fields and no others."""
    if strange := sorted(line.keys() ^ fields.keys()):
        found = f"no field {strange[0]}" if strange[0] in fields else f"a field {shown(strange[0])}"
        raise ResultsError(where, found, f"the fields {', '.join(fields)}")
    for name, kind in fields.items():
        if type(line[name]) is not kind:
            raise ResultsError(f"{where}, field {name}", shown(repr(line[name])), f"a value of type {kind.__name__}")
    return line


def _line(line: Header | Entry | Footer) -> bytes:
    # `asdict` would copy all that is below, for each of thousands of lines.
    content = {field.name: getattr(line, field.name) for field in fields(line)}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return utf8(text).encode() + b"\n"


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())) or "none"
