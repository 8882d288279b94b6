"""What processes find out about databases, passed on from one run to the next.

A run lends its processes a folder of its own. Whatever is in it was looked over before, and what comes back is kept
only once the run has ended and the subject is still the same.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.coordinates import Database
    from harness.matrix.cache import Cache


@dataclass(frozen=True, slots=True)
class Notes:
    """A folder with one file for each database that something is known of.

    Attributes:
        folder: The folder.
        lent: What was in it at first.
    """

    folder: Path
    lent: Mapping[Database, str] = field(default_factory=dict)

    def of(self, database: Database) -> str:
        """What is known; empty for nothing, and on a machine that does not see the folder."""
        try:
            return self._path(database).read_text("utf-8")
        except OSError:
            return ""

    def keep(self, database: Database, text: str) -> None:
        """Write down what is known now, if it can be."""
        temporary = self._path(database).with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            temporary.write_text(text, "utf-8")
            temporary.replace(self._path(database))

    def taken(self, databases: Iterable[Database]) -> dict[Database, str]:
        """What was found out beyond what was lent."""
        known = {database: self.of(database) for database in databases}
        return {database: text for database, text in known.items() if text not in ("", self.lent.get(database))}

    def _path(self, database: Database) -> Path:
        return self.folder / f"{quote(str(database), safe='')}.json"


@contextlib.contextmanager
def lent(cache: Cache | None, databases: Iterable[Database]) -> Iterator[Notes | None]:
    """Notes of what a cache knows of databases; None without a cache, or without room for them."""
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
        notes = Notes(Path(name), known)
        for database, text in known.items():
            notes.keep(database, text)
        yield notes
