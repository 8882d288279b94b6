"""Mutants of what a release says of itself as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.mutant import Mutant

if TYPE_CHECKING:
    from harness.subjects.api import Layout
    from harness.subjects.models import ShippedRow

    Rows = tuple[ShippedRow, ...]


def _blank(rows: Rows) -> Rows:
    return (replace(rows[0], status=""), *rows[1:])


def _without_context(gpus: int, *workers: Layout) -> int:
    return gpus - sum(worker.gpus - worker.gpus // worker.cp for worker in workers)


MUTANTS = (
    Mutant(
        id="matrix-blank-status",
        mistake="A cell that was never judged is written without a status.",
        check="shipped_matrix",
        answers={"shipped_matrix": _blank},
    ),
    Mutant(
        id="matrix-cell-twice",
        mistake="Results of two runs are put one behind the other.",
        check="shipped_matrix",
        answers={"shipped_matrix": lambda rows: (*rows, rows[-1])},
    ),
    Mutant(
        id="matrix-lost",
        mistake="The package is built without the files of the matrix.",
        check="shipped_matrix",
        answers={"shipped_matrix": lambda rows: rows[:0]},
    ),
    Mutant(
        id="pool-without-context-ranks",
        mistake="Context parallelism is left out of the GPUs of a worker.",
        check="pooled_gpus",
        answers={"pooled_gpus": _without_context},
    ),
)
