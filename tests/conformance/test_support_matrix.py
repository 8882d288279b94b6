"""Every cell's status against the recorded one: it may get better, and it must not get worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.coordinates import Cell
    from harness.matrix.records import Verdict
    from harness.matrix.table import Matrix


def test_status_is_not_worse_than_recorded(
    matrix_cell: Cell, verdict: Verdict, recorded: Matrix, remark: Callable[[str], None]
) -> None:
    before = recorded.statuses.get(matrix_cell)
    if before is None:
        remark(f"not recorded yet, now {verdict.status}")
        return
    if verdict.status.rank > before.rank:
        pytest.fail(
            f"recorded {before}, found {verdict.status}: {verdict.error}\n"
            f"reproduce: aic-harness matrix run --model {matrix_cell.model} --system {matrix_cell.system} "
            f"--backend {matrix_cell.backend} --version {matrix_cell.version} --mode {matrix_cell.mode} -v",
            pytrace=False,
        )
    if verdict.status != before:
        remark(f"recorded {before}, now {verdict.status}")
