"""Phase 5: what a release says of itself as a whole: its support matrix, and how it counts GPUs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.checks.records import Mismatch, Scope
from harness.checks.registry import check
from harness.coordinates import Mode, Status
from harness.subjects.api import Capability, Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.subjects.models import ModelSubject, ShippedRow

_SHOWN = 3
_ONE = Layout(1, 1, 1, 1, 1, 1)
_WORKERS = {
    "tp": Layout(8, 1, 1, 1, 8, 1),
    "pp": Layout(1, 8, 1, 1, 1, 1),
    "dp": Layout(1, 1, 8, 1, 1, 8),
    "cp": Layout(1, 1, 1, 8, 1, 1),
    "tp.cp": Layout(2, 1, 1, 4, 2, 1),
}
"""Workers of eight GPUs, by what divides the work."""


@check("shipped_matrix", phase=5, suite="releases", scope=Scope.RELEASE, needs=[Capability.SHIPPED_MATRIX])
def check_shipped_matrix(subject: ModelSubject) -> Iterator[Mismatch]:
    """Every row of the support matrix that the release ships has a known status and mode, and no cell has two."""
    rows = subject.shipped_matrix()
    for about, known in (("status", tuple(Status)), ("mode", tuple(Mode))):
        strange = [row for row in rows if getattr(row, about) not in known]
        if strange:
            said = sorted({repr(getattr(row, about)) for row in strange})
            yield Mismatch(about, f"one of {', '.join(known)}", ", ".join(said), _counted(strange, len(rows)))
    cells = Counter(str(row) for row in rows)
    twice = [row for row in rows if cells[str(row)] > 1]
    if twice:
        yield Mismatch("rows", "one row for each cell", f"{len(twice)} rows share cells", _counted(twice, len(rows)))
    if not rows:
        yield Mismatch("rows", "at least one row", "none", "the release says that it ships a matrix")


def _counted(rows: Iterable[ShippedRow], of: int) -> str:
    named = [str(row) for row in rows]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"{len(named)} of {of} rows: {', '.join(named[:_SHOWN])}{more}"


@check("pooled_gpus", phase=5, suite="releases", scope=Scope.RELEASE, needs=[Capability.POOLS])
def check_pooled_gpus(subject: ModelSubject) -> Iterator[Mismatch]:
    """A prefill and a decode worker side by side have the GPUs of both, whatever divides the work of each."""
    for name, worker in _WORKERS.items():
        for role, pair in (("prefill", (worker, _ONE)), ("decode", (_ONE, worker))):
            expected, actual = sum(layout.gpus for layout in pair), subject.pooled_gpus(*pair)
            if actual != expected:
                why = f"{worker.gpus} GPUs for {role} ({worker}) and {_ONE.gpus} for the other role"
                yield Mismatch(f"{role}.{name}", str(expected), str(actual), why)
