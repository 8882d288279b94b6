"""The subject's own command line for a cell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.coordinates import Cell
    from harness.subjects.api import DataMode, Request


def default_command(
    cell: Cell, request: Request, data_mode: DataMode, model_option: str, more: Iterable[str] = ()
) -> str:
    """What upstream's generator writes into the `Command` column.

    Args:
        cell: The cell.
        request: The workload.
        data_mode: Which data may be used.
        model_option: How the release's command line spells the option for the model.
        more: Further words.
    """
    options = {
        model_option: cell.model,
        "--total-gpus": request.total_gpus,
        "--system": cell.system,
        "--backend": cell.backend,
        "--backend-version": cell.version,
        "--database-mode": data_mode.value,
        "--isl": request.isl,
        "--osl": request.osl,
        "--prefix": request.prefix,
        "--ttft": request.ttft_ms,
        "--tpot": request.tpot_ms,
        "--top-n": 1,
    }
    words = ["uv", "run", "aiconfigurator", "cli", "default"]
    words += [str(word) for option in options.items() for word in option]
    return shlex.join([*words, "--no-color", *more])
