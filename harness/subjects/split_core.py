"""Adapter for releases split into `aiconfigurator` and `aiconfigurator-core` (0.11 and 0.12), and newer ones.

Names with a leading underscore that it relies on, because the release offers no public way:
`PerfDatabase._materialize_source_reports`.
"""

from __future__ import annotations

import dataclasses
import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from aiconfigurator.sdk import common, perf_database
from aiconfigurator.sdk.task_v2 import Task

from harness.subjects import overlay, shortcuts
from harness.subjects.api import Capability, DataMode, DataOrigin, Failure, Narrowing, Outcome, Request
from harness.subjects.commands import default_command
from harness.subjects.model_facts import ResolvedFacts
from harness.subjects.outlines import Outlines
from harness.subjects.quiet import captured
from harness.subjects.sdk_subject import SdkSubject
from harness.subjects.split_models import SplitCoreModels
from harness.subjects.task_search import CachingTask, TaskSearch, attempt, task_for

if TYPE_CHECKING:
    import tempfile

    from harness.coordinates import Cell, Database
    from harness.subjects.task_search import Telling

_ENGINE = {"engine_step_backend": "rust"}


class SplitCoreSubject(SplitCoreModels, ResolvedFacts, SdkSubject):
    """One installed release of the split generation."""

    able: ClassVar[frozenset[Capability]] = frozenset(Capability)
    package: ClassVar[str] = "aiconfigurator_core"

    def __init__(self, version: str, note: str = "", lacking: frozenset[Capability] = frozenset()) -> None:
        super().__init__(version, note, lacking)
        self._overlays: dict[Database, tempfile.TemporaryDirectory[str]] = {}
        self._tables: dict[tuple[str, ...], Any] = {}
        self._outlines: dict[Database, Outlines] = {}
        self._origins: dict[Database, DataOrigin] = {}

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted."""
        return tuple(sorted(common.SupportMatrixHFModels))

    def data_origin(self, database: Database) -> DataOrigin:
        """Own and inherited op tables, from the engine's own account of which files it admits."""
        if database not in self._origins:
            self._origins[database] = self._find_origin(database)
        return self._origins[database]

    def _find_origin(self, database: Database) -> DataOrigin:
        self._select_systems(database)
        with captured(), shortcuts.in_use():
            # The view that a search on measured data has asked already.
            loaded = perf_database.get_database_view(database.system, database.backend, database.version)
            if loaded is None:
                return DataOrigin((), ())
            loaded._materialize_source_reports()
        own, inherited = [], []
        for file_name, records in sorted(loaded.data_provenance.items()):
            table = Path(file_name).stem
            sources = [record for record in records if record["exists"]]
            if any(record["channel"] == "primary" for record in sources):
                own.append(table)
            elif sources:
                inherited.append(f"{table}<-{sources[0]['version']}")
        return DataOrigin(tuple(own), tuple(inherited))

    def notes(self, database: Database) -> str:
        """Outlines of its tables, and where they come from."""
        outlines, origin = self._outlines.get(database), self._origins.get(database)
        if outlines is None or origin is None or not origin.own + origin.inherited:
            return ""
        return json.dumps({"outlines": outlines.content(), "origin": dataclasses.asdict(origin)})

    def recall(self, database: Database, notes: str) -> None:
        """Begin with what `notes` said; with nothing, if that was another adapter's."""
        try:
            known = json.loads(notes)
            outlines = Outlines(**known["outlines"])
            origin = DataOrigin(**{name: tuple(tables) for name, tables in known["origin"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        self._outlines[database], self._origins[database] = outlines, origin

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The command line that upstream's generator writes into the `Command` column."""
        return default_command(cell, request, data_mode, "--model-path", ["--engine-step-backend", "rust"])

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> SplitCoreSearch | Failure:
        """Build and validate the subject's `Task` for a cell, and load its tables."""
        self._select_systems(cell.database)
        outlines = self._outlines.setdefault(cell.database, Outlines())
        with captured() as capture, shortcuts.in_use(outlines):
            try:
                task = task_for(CachingTask, cell, request, data_mode, tables=self._tables, **_ENGINE)
                task.validate()
                tables = task._load_database(cell.system, cell.backend, cell.version)
                return SplitCoreSearch(
                    self, task, tables, outlines, speculative_profile=task.build_speculative_profile()
                )
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                return self.failure(error, capture)

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        """Run `Task.run` on the subject's own systems folder, with nothing narrowed."""
        perf_database.set_systems_paths(None)
        # A search before may have left tables behind that begin as outlines.
        perf_database.clear_database_runtime_caches(cell.system, cell.backend, cell.version)

        def search() -> Any:  # noqa: ANN401 - a data frame of the subject's own pandas
            return task_for(Task, cell, request, data_mode, **_ENGINE).run()

        try:
            return attempt(self, search, cell.mode)
        finally:
            perf_database.clear_database_runtime_caches(cell.system, cell.backend, cell.version)

    def release(self, database: Database) -> None:
        """Unload a database's tables and the engine handles that pin them."""
        self._tables.clear()
        self._last_session = None
        perf_database.unload_database(database.system, database.backend, database.version)
        gc.collect()

    def _supported(self) -> dict[str, dict[str, list[str]]]:
        with shortcuts.in_use():
            return super()._supported()

    def _lacks_data(self, error: Exception) -> bool:
        return bool(perf_database.has_perf_data_not_available_cause(error))

    def _select_systems(self, database: Database) -> None:
        wanted = str(self._systems)
        measured = (self._systems / "data" / database.system).is_dir()
        if measured and not overlay.has_own_folder(self._systems, database):
            if database not in self._overlays:
                self._overlays[database] = overlay.build(self._systems, [database])
            wanted = self._overlays[database].name
        if perf_database.get_systems_paths() != [wanted]:
            self._tables.clear()
            perf_database.set_systems_paths([wanted])

    def without_paths(self, text: str) -> str:
        """A text of the subject without the paths of this machine."""
        for view in self._overlays.values():
            text = text.replace(view.name, "systems")
        return super().without_paths(text)


class SplitCoreSearch(TaskSearch):
    """The search space of one cell in one data mode, tried without work that the release does twice."""

    def __init__(
        self,
        subject: Telling,
        task: CachingTask,
        tables: Any,  # noqa: ANN401 - the subject's own type
        outlines: Outlines,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(subject, task, tables, **options)
        self._outlines = outlines

    def run(self, narrowing: Narrowing) -> Outcome:
        """Run the subject's sweep over a part of the space."""
        with shortcuts.in_use(self._outlines):
            return super().run(narrowing)
