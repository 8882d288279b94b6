"""What processes find out about databases, passed on from one run to the next.

A run lends its processes a folder of its own. Whatever is in it was looked over before, and what comes back is kept
only once the run has ended and the subject is still the same.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.coordinates import Database
    from harness.matrix.cache import Cache


@dataclass(frozen=True, slots=True)
class Notes:
    """A folder with one file for each database that something is known of, as processes share it."""

    folder: Path

    def of(self, database: Database) -> str:
        """What is known; empty for nothing."""
        try:
            return self._path(database).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def keep(self, database: Database, text: str) -> None:
        """Write down what is known now, if it can be."""
        temporary = self._path(database).with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            temporary.write_text(text, "utf-8")
            temporary.replace(self._path(database))

    def _path(self, database: Database) -> Path:
        return self.folder / f"{quote(str(database), safe='')}.json"


@dataclass(frozen=True, slots=True)
class Loan:
    """Notes that a run has of a cache.

    Attributes:
        notes: The notes.
        known: What was in them at first.
    """

    notes: Notes
    known: Mapping[Database, str]

    def new(self, databases: Iterable[Database]) -> dict[Database, str]:
        """What was found out since."""
        found = {database: self.notes.of(database) for database in databases}
        return {database: text for database, text in found.items() if text not in ("", self.known.get(database))}


@contextlib.contextmanager
def lent(cache: Cache | None, databases: Iterable[Database]) -> Iterator[Loan | None]:
    """What a cache knows of databases; None without a cache, or without room for a copy."""
    if cache is None or cache.exhaustive:
        yield None
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="aic-harness-notes-", ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with folder as name:
        known = {database: text for database in databases if (text := cache.notes(database))}
        notes = Notes(Path(name))
        for database, text in known.items():
            notes.keep(database, text)
        yield Loan(notes, known)
