"""The model half of the adapter for releases split into `aiconfigurator` and `aiconfigurator-core`."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

from aiconfigurator.sdk import common, models, perf_database
from aiconfigurator.sdk.backends.factory import get_backend
from aiconfigurator.sdk.inference_session import InferenceSession

from harness.subjects import shortcuts, split_ops
from harness.subjects.folder_models import FolderModels
from harness.subjects.snippets import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.coordinates import Database
    from harness.subjects.models import EstimateRequest, Op


class SplitCoreModels(FolderModels):
    """The part of a subject that answers for one model at a time."""

    dialect: ClassVar[Dialect] = Dialect()

    @abc.abstractmethod
    def _select_systems(self, database: Database) -> None:
        """Point the subject at the tables of a database."""

    def _leaves(self, ops: Any, backend: str) -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
        del backend
        return split_ops.leaves(ops)

    def _cache_bytes(self, model: Any, backend: str, length: int) -> float:  # noqa: ANN401
        del backend
        return float(model.get_kvcache_bytes_per_sequence(length))

    def _open_session(self, request: EstimateRequest) -> Any:  # noqa: ANN401
        build, where = request.build, request.database
        settings = self._model_config(build)
        self._select_systems(where)
        with shortcuts.in_use():
            tables = perf_database.get_database_view(
                where.system, where.backend, where.version, database_mode=common.DatabaseMode[request.data_mode.value]
            )
            models.resolve_context_fmha_by_data(settings, build.ref, tables, build.backend, is_context_role=True)
            model = models.get_model(build.ref, settings, build.backend)
        return InferenceSession(model, tables, get_backend(build.backend))
