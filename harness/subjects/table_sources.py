"""From which files a database of the subject answers for a table.

Tables lie in `data/<system>/<family of ops>/<backend>/<version>/<table>.parquet`. A database also answers from older
versions of its backend, and from other backends of its system for the kernels that a manifest lists.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from packaging.version import InvalidVersion, Version

from harness.subjects.models import OpTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from harness.coordinates import Database

_MANIFEST = "perf_data_reuse_manifest.yaml"
_SHARED = frozenset({"shared", "shared_fallback"})
"""Tiers of kernels whose rows another backend may use."""
_DEPTH = 4
"""Folders between the data folder and a table: system, family of ops, backend, version."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that answers.

    Attributes:
        path: The file.
        kernels: Kernels whose rows may be used; None for all rows.
    """

    path: Path
    kernels: frozenset[str] | None = None


class TableSources:
    """The files of some tables.

    Args:
        systems: The subject's folder of systems.
        names: Names of the tables.
    """

    def __init__(self, systems: Path, names: Iterable[str]) -> None:
        self._found: dict[tuple[str, str], list[tuple[str, str, Path]]] = defaultdict(list)
        for name in sorted(names):
            for path in sorted((systems / "data").glob(f"*/*/*/*/{name}.parquet")):
                system, _, backend, version = path.parts[-_DEPTH - 1 : -1]
                self._found[system, name].append((backend, version, path))
        self._shared = _shared_kernels(systems / _MANIFEST) if self._found else {}

    def lends(self, name: str) -> bool:
        """Whether backends use each other's rows of a table."""
        return any(len(backends) > 1 for backends in self._shared.get(name, {}).values())

    def of(self, database: Database, name: str) -> Iterator[Source]:
        """Files that answer for one table of one database."""
        kernels = self._shared.get(name, {})
        for backend, version, path in self._found.get((database.system, name), ()):
            if backend == database.backend:
                if version == database.version or _is_older(version, database.version):
                    yield Source(path)
            elif lent := frozenset(
                kernel for kernel, backends in kernels.items() if {backend, database.backend} <= backends
            ):
                yield Source(path, lent)


def op_tables(systems: Path, databases: Iterable[Database]) -> tuple[OpTable, ...]:
    """Every table of databases, sorted, with the newest of the sources that it answers from.

    Args:
        systems: The subject's folder of systems.
        databases: Databases that can be asked for.
    """
    names = {path.stem for path in (systems / "data").glob("*/*/*/*/*.parquet")}
    sources = TableSources(systems, names)
    found = []
    for database in databases:
        for name in names:
            # Rows of the very backend come before those that another lends.
            paths = sorted(
                (source.path for source in sources.of(database, name)), key=lambda path: _rank(path, database)
            )
            if paths:
                family, backend, version = paths[-1].parts[-_DEPTH:-1]
                other = f"{backend} {version}" if backend != database.backend else version
                found.append(OpTable(database, family, name, "" if other == database.version else other))
    return tuple(sorted(found))


def _rank(path: Path, database: Database) -> tuple[bool, bool, Version]:
    _, backend, version = path.parts[-_DEPTH:-1]
    return backend == database.backend, version == database.version, _number(version)


def _number(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def _is_older(version: str, than: str) -> bool:
    try:
        return Version(version) < Version(than)
    except InvalidVersion:
        return False


def is_newer(version: str, than: str) -> bool:
    """Whether a version is known to be newer than another."""
    try:
        return Version(version) > Version(than)
    except InvalidVersion:
        return False


def _shared_kernels(manifest: Path) -> dict[str, dict[str, frozenset[str]]]:
    """Backends that share the rows of a kernel, by table and kernel; none in a release without a manifest."""
    if not manifest.is_file():
        return {}
    # The parser that is written in C takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    groups = yaml.load(manifest.read_text(encoding="utf-8"), loader)["groups"]  # noqa: S506 - both are safe loaders
    shared: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for group in groups:
        if group["tier"] in _SHARED and group["kernel_source"] is not None:
            table = str(group["op_file"]).removesuffix(".parquet")
            shared[table][str(group["kernel_source"])] = frozenset(map(str, group["frameworks"]))
    return shared
