"""Adapter for the generation whose models are a package and whose `Task` describes a search of Python ops (0.10)."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, ClassVar

from aiconfigurator.sdk import common, models, perf_database
from aiconfigurator.sdk.backends.factory import get_backend
from aiconfigurator.sdk.inference_session import InferenceSession
from aiconfigurator.sdk.task_v2 import Task

from harness.subjects import package_shortcuts
from harness.subjects.api import Capability, DataMode, Failure, Outcome, Request
from harness.subjects.commands import default_command
from harness.subjects.folder_models import FolderModels
from harness.subjects.model_facts import ResolvedFacts
from harness.subjects.python_models import PythonOpModels
from harness.subjects.quiet import captured
from harness.subjects.sdk_subject import SdkSubject
from harness.subjects.snippets import Dialect
from harness.subjects.task_search import CachingTask, TaskSearch, attempt, task_for

if TYPE_CHECKING:
    from harness.coordinates import Cell, Database
    from harness.subjects.models import Estimate, EstimateRequest


class PackageSubject(PythonOpModels, FolderModels, ResolvedFacts, SdkSubject):
    """One installed release of the package generation."""

    able: ClassVar[frozenset[Capability]] = frozenset(Capability) - {
        Capability.HYBRID,
        Capability.DATA_ORIGIN,
        Capability.TABLES,
    }
    dialect: ClassVar[Dialect] = Dialect(
        resolve="models.resolve_context_fmha_compat(settings, {model}, is_context_role=True)", accepted=True
    )

    def __init__(self, version: str, note: str = "", lacking: frozenset[Capability] = frozenset()) -> None:
        super().__init__(version, note, lacking)
        self._tables: dict[tuple[str, ...], Any] = {}

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted."""
        return tuple(sorted(common.DefaultHFModels))

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The command line that upstream's generator writes into the `Command` column."""
        return default_command(cell, request, data_mode, "--model")

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> TaskSearch | Failure:
        """Build and validate the subject's `Task` for a cell, and load its tables."""
        with captured() as capture:
            try:
                task = task_for(CachingTask, cell, request, data_mode, tables=self._tables)
                task.validate()
                tables = task._load_database(cell.system, cell.backend, cell.version)
                return TaskSearch(self, task, tables)
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                return self.failure(error, capture)

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        """Run `Task.run`, with nothing narrowed."""

        def search() -> Any:  # noqa: ANN401 - a data frame of the subject's own pandas
            return task_for(Task, cell, request, data_mode).run()

        return attempt(self, search, cell.mode)

    def release(self, database: Database) -> None:
        """Unload a database's tables."""
        self._tables.clear()
        self._last_session = None
        perf_database.unload_database(database.system, database.backend, database.version)
        gc.collect()

    def _lacks_data(self, error: Exception) -> bool:
        return bool(perf_database.has_perf_data_not_available_cause(error))

    def _cache_bytes(self, model: Any, backend: str, length: int) -> float:  # noqa: ANN401 - the subject's own type
        del backend
        return float(model.get_kvcache_bytes_per_sequence(length))

    def estimate(self, request: EstimateRequest) -> Estimate | Failure:
        """Estimate a batch; what the subject raises is a `Failure`."""
        with package_shortcuts.in_use():
            return super().estimate(request)

    def _open_session(self, request: EstimateRequest) -> Any:  # noqa: ANN401
        build, where = request.build, request.database
        settings = self._model_config(build)
        tables = perf_database.get_database_view(
            where.system, where.backend, where.version, database_mode=common.DatabaseMode[request.data_mode.value]
        )
        models.resolve_context_fmha_compat(settings, build.ref, is_context_role=True)
        model = models.get_model(build.ref, settings, build.backend)
        return InferenceSession(model, tables, get_backend(build.backend))
