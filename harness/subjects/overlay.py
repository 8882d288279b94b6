"""A view of the subject's systems folder in which a version without a folder of its own has an empty one.

Release 0.12 advertises a `next` version on systems that hold no folder for it; every table is then filled from
older versions. Its engine reloads all tables for each layout of such a version (0.7 to 0.9 s and 20 MB each,
measured), because the shared tables are keyed by the folder. An empty folder adds no rows and takes the shared
route. The subject's own files stay untouched: the view is made of links.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.files import no_room, temporary_folder

if TYPE_CHECKING:
    import tempfile
    from collections.abc import Iterable

    from harness.coordinates import Database

_FAMILY = "no_own_tables"


def has_own_folder(systems: Path, database: Database) -> bool:
    """Whether any op family holds a folder for the database's version."""
    pattern = f"data/{database.system}/*/{database.backend}/{database.version}"
    return any(systems.glob(pattern))


def build(systems: Path, databases: Iterable[Database]) -> tempfile.TemporaryDirectory[str]:
    """Make the view.

    Args:
        systems: The subject's systems folder.
        databases: Those without a folder of their own.

    Returns:
        The folder; it is removed when the object is.

    Raises:
        SurroundingsError: There is no place for it.
    """
    folder = temporary_folder("systems-")
    try:
        _fill(Path(folder.name), systems, databases)
    except OSError as error:
        raise no_room(error) from error
    return folder


def _fill(view: Path, systems: Path, databases: Iterable[Database]) -> None:
    by_system: dict[str, list[Database]] = {}
    for database in databases:
        by_system.setdefault(database.system, []).append(database)
    _link_all(systems, view, leave_out={"data"})
    (view / "data").mkdir()
    _link_all(systems / "data", view / "data", leave_out=set(by_system))
    for system, missing in by_system.items():
        own = view / "data" / system
        own.mkdir()
        _link_all(systems / "data" / system, own, leave_out=set())
        for database in missing:
            (own / _FAMILY / database.backend / database.version).mkdir(parents=True)


def _link_all(source: Path, target: Path, leave_out: set[str]) -> None:
    for entry in source.iterdir():
        if entry.name not in leave_out:
            (target / entry.name).symlink_to(entry)
