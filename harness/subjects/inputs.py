"""Digests of what a subject answers from, file by file: its code, each model's config, each database's tables."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from harness.subjects.table_sources import TableSources, is_newer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.coordinates import Cell, Database

_CONFIGS, _SYSTEMS, _DATA = "model_configs", "systems", "data"
_REUSE = "reuse.yaml"
_SETTINGS = "AIC"
"""What environment variables begin with that the subject reads."""


class SubjectInputs:
    """The files of an imported subject, as they are now.

    Args:
        code: Its folders of code.
        core: The one of them that holds configs, system files and tables.
        distributions: Its distributions; what they require directly counts with its version.
        backends: Serving backends; tables of anything else, such as a communication library, are every backend's.
    """

    def __init__(self, code: Iterable[Path], core: Path, distributions: Iterable[str], backends: Iterable[str]) -> None:
        self._code, self._core, self._distributions = tuple(code), core, tuple(distributions)
        self._backends = frozenset(backends)
        self._settings = {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}
        self._of_databases: dict[Database, str] = {}
        self._of_models: dict[str, str] = {}

    @cached_property
    def whole(self) -> str:
        """Digest of everything."""
        return _digest([self.circumstances, self._files])

    def of(self, cell: Cell) -> str | None:
        """Digest of what the answer for a cell depends on; None where the subject holds no config of the model."""
        model = self._of_model(cell.model)
        return _digest([self._common, model, self._of_database(cell.database)]) if model else None

    def of_database(self, database: Database) -> str:
        """Digest of what can be found out about a database whatever model is asked for."""
        return _digest([self._common, self._of_database(database)])

    @cached_property
    def _files(self) -> dict[str, str]:
        """Digest of each file, by its path from the folder that holds its package."""
        paths = {str(path.relative_to(folder.parent)): path for folder in self._code for path in _files_in(folder)}
        with ThreadPoolExecutor() as pool:
            return dict(zip(paths, pool.map(_digest_of_file, paths.values()), strict=True))

    @cached_property
    def circumstances(self) -> dict[str, str]:
        """Versions and settings that are no files of the subject."""
        required = {
            re.match(r"[\w.-]+", line)[0]  # type: ignore[index] # a requirement begins with a name
            for name in self._distributions
            for line in _requirements(name)
            if "extra ==" not in line
        }
        versions = {name: _version(name) for name in (*self._distributions, *sorted(required))}
        return {"python": platform.python_version(), **versions, **self._settings}

    @cached_property
    def _common(self) -> str:
        """Digest of what every cell depends on: code, and data that belongs to no model, system or database."""
        core = self._core.name
        apart = (f"{core}/{_CONFIGS}/", f"{core}/{_SYSTEMS}/{_DATA}/")
        systems = {f"{core}/{_SYSTEMS}/{name}.yaml" for name in self._systems}
        files = {
            name: digest for name, digest in self._files.items() if not name.startswith(apart) and name not in systems
        }
        return _digest([self.circumstances, files])

    @cached_property
    def _systems(self) -> frozenset[str]:
        prefix = f"{self._core.name}/{_SYSTEMS}/{_DATA}/"
        return frozenset(name[len(prefix) :].partition("/")[0] for name in self._files if name.startswith(prefix))

    @cached_property
    def _sources(self) -> tuple[TableSources, frozenset[str]]:
        tables = frozenset(path.stem for path in self._core.glob(f"{_SYSTEMS}/{_DATA}/*/*/*/*/*.parquet"))
        return TableSources(self._core / _SYSTEMS, tables), tables

    def _of_model(self, model: str) -> str:
        """Digest of a model's config files; empty where there are none."""
        if model not in self._of_models:
            files = self._under(f"{_CONFIGS}/{model.replace('/', '--', 1)}_")
            self._of_models[model] = _digest(files) if files else ""
        return self._of_models[model]

    def _of_database(self, database: Database) -> str:
        """Digest of a database's system, and of all tables that it may answer from."""
        if database not in self._of_databases:
            data = f"{_SYSTEMS}/{_DATA}/{database.system}"
            system = self._under(f"{_SYSTEMS}/{database.system}.yaml")
            # A system that names no folder of its own may answer from any.
            files = self._under(f"{data}/" if self._names_own_folder(database.system) else f"{_SYSTEMS}/{_DATA}/")
            others = tuple(f"{self._core.name}/{path.relative_to(self._core)}/" for path in self._foreign(database))
            own = {name: digest for name, digest in files.items() if not name.startswith(others)}
            self._of_databases[database] = _digest([str(database), system, own])
        return self._of_databases[database]

    def _names_own_folder(self, system: str) -> bool:
        path = self._core / _SYSTEMS / f"{system}.yaml"
        return path.is_file() and re.search(rf"data/{re.escape(system)}\s", path.read_text("utf-8")) is not None

    def _foreign(self, database: Database) -> set[Path]:
        """Folders whose tables a database does not answer from.

        They are another backend's that lends it nothing, or a newer version's that it does not say it reuses. Releases
        that keep tables in other folders than these have none: all tables of a system count for each of its databases.
        """
        found = self._core.glob(f"{_SYSTEMS}/{_DATA}/{database.system}/*/*/*")
        folders = {path for path in found if path.is_dir() and path.parent.name in self._backends}
        own = {path for path in folders if path.parent.name == database.backend}
        older = {path for path in own if not is_newer(path.name, database.version)}
        said = "\n".join(path.joinpath(_REUSE).read_text("utf-8") for path in older if (path / _REUSE).is_file())
        sources, tables = self._sources
        lenders = {source.path.parent for name in tables for source in sources.of(database, name)}
        return folders - older - lenders - {path for path in own if path.name in said}

    def _under(self, prefix: str) -> dict[str, str]:
        start = f"{self._core.name}/{prefix}"
        return {name: digest for name, digest in self._files.items() if name.startswith(start)}


def _files_in(folder: Path) -> Iterator[Path]:
    """Every file, behind links too, but for what Python compiled."""
    seen = set[str]()
    for root, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(root))
        folders[:] = [
            name
            for name in folders
            if name != "__pycache__" and os.path.realpath(os.path.join(root, name)) not in seen  # noqa: PTH118
        ]
        yield from (Path(root, name) for name in names if Path(root, name).is_file())


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _requirements(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        # A checkout has no metadata.
        return []
