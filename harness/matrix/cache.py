"""Verdicts kept from earlier runs, each under a digest of everything that it depends on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness import __version__
from harness.files import read_bytes
from harness.matrix.judge_version import judge_as_it_is, judge_version
from harness.matrix.verdict_records import DamagedVerdictError, digest, from_record, to_record
from harness.running.records import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from harness.coordinates import Cell, Database
    from harness.matrix.records import Verdict
    from harness.subjects.api import Inputs

ReadT = TypeVar("ReadT")

FORMAT = 1
"""Of entries; a program that knows only older ones leaves them alone."""

_VERDICTS, _NOTES = "verdicts", "databases"
_DAY_S = 86_400.0
_OF_THE_MACHINE = (*(f"{cause}:" for cause in Cause), "MemoryError", "OSError", "PermissionError", "BlockingIOError")
"""What errors begin with that say nothing of the subject."""


def default_folder() -> Path | None:
    """Where the user's caches go (XDG base directories); None for a user without a home."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "aic-harness"
    try:
        return Path.home() / ".cache" / "aic-harness"
    except RuntimeError:
        return None


@dataclass(slots=True)
class Cache:
    """The verdicts of one subject in a folder of them.

    Attributes:
        folder: The cache.
        look: Looks what the subject answers from, as it is then.
        exhaustive: The verdicts come from the subject's own full search.
        problems: What kept entries from being used or written, one line each.
    """

    folder: Path
    look: Callable[[], Inputs]
    exhaustive: bool = False
    problems: list[str] = field(default_factory=list)
    _inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        self._inputs = self.look()

    def get(self, cell: Cell) -> Verdict | None:
        """The verdict of a cell, if everything it depends on is as it was."""
        key = self._key(cell)
        return self._get(_VERDICTS, key, lambda document: _verdict(document, cell)) if key else None

    def notes(self, database: Database) -> str:
        """What earlier runs found out about a database, if its files are as they were; empty for nothing."""
        return self._get(_NOTES, self._notes_key(database), lambda document: str(document["notes"])) or ""

    def put(self, verdicts: Iterable[Verdict], notes: Mapping[Database, str] | None = None) -> None:
        """Keep verdicts, but for those that say more of the machine than of the subject, and notes on databases.

        Nothing is kept if subject or judge were changed since the cache was opened: who knows what they come from?
        """
        verdicts = tuple(verdicts)
        if not (verdicts or notes):
            return
        for what, changed in (
            ("subject", self.look().whole != self._inputs.whole),
            ("harness", judge_as_it_is() != judge_version()),
        ):
            if changed:
                self.problems.append(f"the {what}, which was changed during the run: nothing was kept")
                return
        for verdict in verdicts:
            key = None if verdict.error.startswith(_OF_THE_MACHINE) else self._key(verdict.cell)
            if key:
                self._put(_VERDICTS, key, to_record(verdict))
        for database, text in (notes or {}).items():
            self._put(_NOTES, self._notes_key(database), {"notes": text})

    def _get(self, folder: str, key: str, read: Callable[[dict[str, Any]], ReadT]) -> ReadT | None:
        path = _path(self.folder / folder, key)
        try:
            content = read_bytes(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror}")
            return None
        try:
            found = read(_read(content, key))
        except DamagedVerdictError as error:
            self.problems.append(f"{path}: found {error}")
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def _put(self, folder: str, key: str, record: dict[str, Any]) -> None:
        path = _path(self.folder / folder, key)
        temporary = path.with_name(f".{key}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_written(key, record))
            temporary.replace(path)
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror}")
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _key(self, cell: Cell) -> str | None:
        inputs = self._inputs.of(cell)
        return inputs and digest([judge_version(), self.exhaustive, inputs, str(cell)])

    def _notes_key(self, database: Database) -> str:
        return digest([judge_version(), self._inputs.of_database(database), str(database)])


@dataclass(frozen=True, slots=True)
class Contents:
    """What a cache holds, or what was removed from it.

    Attributes:
        verdicts: Number of verdicts.
        databases: Number of databases of which it is known what their tables are like.
        size: Bytes of all.
        oldest_days: Days since the one was used that was not used for longest; 0 for none.
    """

    verdicts: int
    databases: int
    size: int
    oldest_days: float


def contents(folder: Path) -> Contents:
    """Look what a cache holds."""
    return _sum(list(_entries(folder)))


def prune(folder: Path, days: float) -> Contents:
    """Remove what was not used for so many days, and what runs that died left half written.

    Raises:
        OSError: It cannot be removed.
    """
    removed = [(path, stat) for path, stat in _entries(folder) if _unused_s(stat.st_mtime) >= days * _DAY_S]
    for path, _ in removed:
        path.unlink(missing_ok=True)
    return _sum(removed)


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(path for kind in (_VERDICTS, _NOTES) for path in (folder / kind).glob("??/*")):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.lstat()


def _sum(entries: list[tuple[Path, os.stat_result]]) -> Contents:
    oldest = max((_unused_s(stat.st_mtime) for _, stat in entries), default=0.0)
    verdicts = sum(path.parents[1].name == _VERDICTS for path, _ in entries)
    return Contents(verdicts, len(entries) - verdicts, sum(stat.st_size for _, stat in entries), oldest / _DAY_S)


def _unused_s(used: float) -> float:
    """Seconds since a time; none since one that lies ahead, as it does once the clock was put back."""
    return max(0.0, time.time() - used)


def _path(folder: Path, key: str) -> Path:
    return folder / key[:2] / key


def _written(key: str, record: dict[str, Any]) -> bytes:
    document = {"format": FORMAT, "harness": __version__, "key": key, **record}
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _read(content: bytes, key: str) -> dict[str, Any]:
    checksum, _, rest = content.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        raise DamagedVerdictError("an entry that was changed after it was written")
    document = json.loads(rest)
    if document.get("format") != FORMAT:
        raise DamagedVerdictError(f"an entry of format {document.get('format')}, not {FORMAT}")
    if document.pop("key", None) != key:
        raise DamagedVerdictError("the entry of another cell")
    return {name: document[name] for name in document.keys() - {"format", "harness"}}


def _verdict(record: dict[str, Any], cell: Cell) -> Verdict:
    verdict = from_record(record)
    if verdict.cell != cell:
        raise DamagedVerdictError(f"a verdict of {verdict.cell}")
    return verdict
