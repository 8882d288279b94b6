"""Tables and caches for the generations with one changeable object per database (0.4 to 0.9).

Names with a leading underscore that it relies on, because no release offers a public way: `_get_memory_usage` of the
backends, `_memory` of a summary.
"""

from __future__ import annotations

import collections
import gc
import traceback
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from aiconfigurator.sdk import common, models, perf_database
from aiconfigurator.sdk.backends.factory import get_backend
from aiconfigurator.sdk.inference_session import InferenceSession

from harness.subjects import interpolation
from harness.subjects.api import DataMode
from harness.subjects.python_models import PythonOpModels
from harness.subjects.quiet import captured
from harness.subjects.runner_search import RunnerSearch, attempt, describe, run_in_full
from harness.subjects.sdk_subject import SdkSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.coordinates import Cell, Database
    from harness.subjects.api import Failure, Outcome, Request
    from harness.subjects.models import Estimate, EstimateRequest

_GIB = 1 << 30
_NO_TABLES = SimpleNamespace(system_spec={"misc": {"nccl_mem": defaultdict(int), "other_mem": 0}})
"""What the memory model reads of a database, for a GPU system that takes no memory for itself."""


class SharedTables(PythonOpModels, SdkSubject):
    """Everybody who asks for a database is given the same object, whose data mode is set by whoever asks.

    Attributes:
        model_option: What the description of a search calls its model.
    """

    model_option: ClassVar[str]

    def _cache_bytes(self, model: Any, backend: str, length: int) -> float:  # noqa: ANN401 - the subject's own type
        if hasattr(model, "get_kvcache_bytes_per_sequence"):
            return float(model.get_kvcache_bytes_per_sequence(length))
        # The cache is figured for input and output together; a token in flight keeps the activations from nothing.
        usage = get_backend(backend)._get_memory_usage(model, _NO_TABLES, 1, 1, length, 0, num_tokens=1)
        return float(usage["kvcache"]) * _GIB

    def estimate(self, request: EstimateRequest) -> Estimate | Failure:
        """Estimate a batch; what the subject raises is a `Failure`."""
        with interpolation.in_use():
            return super().estimate(request)

    def _open_session(self, request: EstimateRequest) -> Any:  # noqa: ANN401
        build = request.build
        tables = self._tables(request.database, request.data_mode)
        model = models.get_model(build.ref, self._model_config(build), build.backend)
        return InferenceSession(model, tables, get_backend(build.backend))

    def _tables(self, database: Database, data_mode: DataMode) -> Any:  # noqa: ANN401
        # Another session may hold the same object in another mode.
        self._last_session = None
        tables = perf_database.get_database(database.system, database.backend, database.version)
        if tables is None:
            raise LookupError(f"no database {database}")
        if hasattr(tables, "set_default_database_mode"):
            tables.set_default_database_mode(common.DatabaseMode[data_mode.value])
        elif data_mode is not DataMode.SILICON:
            raise LookupError(f"{self.info.version} has no mode {data_mode}")
        return tables

    def _lacks_data(self, error: Exception) -> bool:
        """Whether an error comes of missing rows: most look-ups raise whatever they run into on their way."""
        files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
        # Tables are `UserDict`s: what they lack is raised one frame deeper.
        deepest = [file for file in files if file != collections.__file__][-1:]
        return deepest == [perf_database.__file__] or super()._lacks_data(error)

    def _memory(self, summary: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return dict(summary.get_memory() if hasattr(summary, "get_memory") else summary._memory)

    def _row(self, summary: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return dict(summary.get_summary_df().iloc[0])

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> RunnerSearch | Failure:
        """Let the subject describe the search of a cell, and load its tables."""
        with captured() as capture:
            try:
                description = describe(cell, request, self.model_option)
                return RunnerSearch(self, description, self._tables(cell.database, data_mode))
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                return self.failure(error, capture)

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        """Run the subject's own runner, with nothing narrowed."""

        def search() -> Any:  # noqa: ANN401 - a data frame of the subject's own pandas
            self._tables(cell.database, data_mode)
            return run_in_full(describe(cell, request, self.model_option))

        return attempt(self, search, cell.mode)

    def release(self, database: Database) -> None:
        """Forget a database's tables."""
        self._last_session = None
        for key, backends in perf_database.databases_cache.items():
            # Newer releases of the generation keep tables by folder and system.
            if database.system in (key if isinstance(key, tuple) else (key,)):
                backends.get(database.backend, {}).pop(database.version, None)
        gc.collect()
