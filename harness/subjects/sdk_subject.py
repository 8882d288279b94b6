"""What adapters of all generations have alike: who the subject is, what its package holds, what its errors say."""

from __future__ import annotations

import functools
import os
import re
import sysconfig
import traceback
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import yaml
from aiconfigurator.sdk import perf_database

from harness.coordinates import Database
from harness.subjects import tables
from harness.subjects.api import Capability, DataOrigin, Failure, SubjectInfo, SystemFacts
from harness.subjects.inputs import SubjectInputs
from harness.subjects.quiet import captured
from harness.subjects.sdk_models import SdkModels
from harness.subjects.shipped_matrix import shipped_rows
from harness.subjects.table_sources import op_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.subjects.api import Layout
    from harness.subjects.models import Measured, Need, OpTable, ShippedRow
    from harness.subjects.quiet import Capture

_HARNESS = Path(__file__).parents[2]


class SdkSubject(SdkModels):
    """One installed release.

    Args:
        version: Its version.
        note: What a reader of results must know about how it was taken for this generation.
        lacking: What this very release cannot be asked, unlike its generation.

    Attributes:
        able: What the generation can be asked.
        package: Import name of the package that holds system files and configs; the distribution is called alike.
    """

    able: ClassVar[frozenset[Capability]]
    package: ClassVar[str] = "aiconfigurator"

    def __init__(self, version: str, note: str = "", lacking: frozenset[Capability] = frozenset()) -> None:
        self._root = Path(str(import_module(self.package).__file__)).parent
        self._systems = self._root / "systems"
        self._version, self._note = version, note
        self.capabilities = self.able - lacking

    @functools.cached_property
    def info(self) -> SubjectInfo:
        """Name and versions; the data's is that of the distribution that it lies in."""
        try:
            data = metadata.version(self.package.replace("_", "-"))
        except metadata.PackageNotFoundError:
            # A checkout has no metadata.
            data = self._version
        return SubjectInfo(name="aiconfigurator", version=self._version, data_version=data, note=self._note)

    def shipped_matrix(self) -> tuple[ShippedRow, ...]:
        """Every row of the support matrix that it ships, in its order."""
        return shipped_rows(self._systems)

    def pooled_gpus(self, prefill: Layout, decode: Layout) -> int:
        """GPUs that it counts for one prefill worker and one decode worker side by side."""
        from harness.subjects.pools import pooled_gpus  # noqa: PLC0415 - early releases lack what it imports

        return pooled_gpus(prefill, decode)

    def measured(self, needs: Iterable[Need]) -> tuple[Measured, ...]:
        """Where rows of measured tables answer for the shapes that layers need."""
        return tables.measured(self._systems, self.databases(), needs)

    def op_tables(self) -> tuple[OpTable, ...]:
        """Every table of every database, sorted."""
        return op_tables(self._systems, self.databases())

    def bundled_models(self) -> tuple[str, ...]:
        """Models whose `config.json` lies in the package, sorted."""
        suffix = "_config.json"
        files = (self._root / "model_configs").glob(f"*{suffix}")
        names = (path.name for path in files if not path.name.endswith("_hf_quant_config.json"))
        return tuple(sorted(name.removesuffix(suffix).replace("--", "/", 1) for name in names))

    @functools.cache  # noqa: B019 - one subject lives as long as the process
    def databases(self) -> tuple[Database, ...]:
        """Every queryable (system, backend, version), sorted."""
        supported = self._supported()
        return tuple(
            sorted(
                Database(system, backend, version)
                for system, backends in supported.items()
                for backend, versions in backends.items()
                for version in versions
            )
        )

    def _supported(self) -> dict[str, dict[str, list[str]]]:
        with captured():
            found: dict[str, dict[str, list[str]]] = perf_database.get_supported_databases()
        return found

    @functools.cache  # noqa: B019
    def system_facts(self, system: str) -> SystemFacts:
        """The `gpu` section of the system's file."""
        spec = yaml.safe_load((self._systems / f"{system}.yaml").read_text(encoding="utf-8"))
        gpu = spec.get("gpu") or {}
        return SystemFacts(sm_version=gpu.get("sm_version"), spec_keys=frozenset(gpu))

    def data_origin(self, database: Database) -> DataOrigin:
        """Which op tables are the version's own; needs `Capability.DATA_ORIGIN`."""
        raise NotImplementedError(f"{self.info.version} does not say whose tables {database} reads")

    def notes(self, database: Database) -> str:
        """What it has found out about a database; nothing that would save time."""
        del database
        return ""

    def recall(self, database: Database, notes: str) -> None:
        """Begin with what `notes` said."""

    def inputs(self) -> SubjectInputs:
        """Digests of its files, as they are now."""
        code = {self._root, Path(str(import_module("aiconfigurator").__file__)).parent}
        backends = {database.backend for database in self.databases()}
        names = sorted({"aiconfigurator", self.package.replace("_", "-")})
        return SubjectInputs(sorted(code), self._root, names, backends)

    def failure(self, error: Exception, capture: Capture) -> Failure:
        """What an exception of the subject says, without the paths of this machine."""
        trace = "".join(traceback.format_exception(error))
        log = f"{trace}\n{capture.text}" if capture.text else trace
        return Failure(
            error_class=type(error).__name__,
            messages=tuple(self.without_paths(f"{type(link).__name__}: {link}") for link in _chain(error)),
            missing_data=self._lacks_data(error),
            log=self.without_paths(log),
        )

    def _lacks_data(self, error: Exception) -> bool:
        """Whether the subject itself classes an error as missing performance data."""
        return any(type(link).__name__ == "PerfDataNotAvailableError" for link in _chain(error))

    def without_paths(self, text: str) -> str:
        """A text of the subject without the paths of this machine."""
        text = text.replace(str(self._systems), "systems")
        for folder in (self._root.parent, _HARNESS, sysconfig.get_path("stdlib")):
            text = text.replace(f"{folder}{os.sep}", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
