"""The model half for the generations whose ops are Python classes (0.4 to 0.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.subjects import python_ops
from harness.subjects.sdk_models import SdkModels
from harness.subjects.snippets import NONE_ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.models import BuildRequest, Op


class PythonOpModels(SdkModels):
    """Ops are Python classes, and draft tokens are priced by how many of them are accepted."""

    def _leaves(self, ops: Any, backend: str) -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
        return python_ops.leaves(ops, backend)

    def _model_config(self, request: BuildRequest) -> Any:  # noqa: ANN401
        settings = super()._model_config(request)
        if request.nextn:
            settings.nextn_accept_rates = list(NONE_ACCEPTED)
        return settings
