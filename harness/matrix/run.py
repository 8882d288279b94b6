"""Judges many cells, grouped by database, over several processes."""

from __future__ import annotations

import contextlib
import functools
import gc
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from harness.coordinates import Status
from harness.matrix import judge as judging
from harness.matrix.records import Verdict
from harness.running.groups import run_here
from harness.running.records import Limits, Lost
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.running.records import Runner


@dataclass(frozen=True, slots=True)
class Plan:
    """What to judge and how.

    Attributes:
        cells: The questions; those of one database must stand together.
        exhaustive: Run the subject's own full search instead of the fast one.
        jobs: Processes at work at once.
        subject_path: Folder to import the subject from; None for the installed one.
        limits: What one cell may take.
    """

    cells: tuple[Cell, ...]
    exhaustive: bool = False
    jobs: int = 1
    subject_path: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def groups(self) -> list[tuple[Database, tuple[Cell, ...]]]:
        """The cells by database, so that each set of tables is loaded once; one by one where a cell costs minutes."""
        if self.exhaustive:
            return [(cell.database, (cell,)) for cell in self.cells]
        return [(database, tuple(cells)) for database, cells in groupby(self.cells, lambda cell: cell.database)]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        verdicts: In the order of the plan's cells.
        unjudged: Cells without a verdict, because the run was interrupted or a process died.
        interrupted: The user stopped it.
        crashes: One line for each database whose processes could not go on.
        reused: How many of the verdicts come from earlier runs.
    """

    verdicts: tuple[Verdict, ...]
    unjudged: tuple[Cell, ...]
    interrupted: bool = False
    crashes: tuple[str, ...] = ()
    reused: int = 0


def run(plan: Plan, on_verdict: Callable[[Verdict], None], runner: Runner | None = None) -> RunResult:
    """Judge a plan's cells, each database in a process of its own. Ctrl-C ends the run early and keeps what is done.

    What the subject keeps of an unloaded database would otherwise grow a process from one database to the next. A cell
    that its process dies over fails, with the cause as its error.

    Args:
        plan: What to judge.
        on_verdict: Called in this process for each verdict, before the next cell of its database is begun.
        runner: Where it is done instead of in `plan.jobs` processes of this machine.
    """
    runner = runner or functools.partial(run_here, jobs=plan.jobs)
    verdicts: dict[Cell, Verdict] = {}
    crashes: dict[str, None] = {}
    interrupted = False
    work = functools.partial(_bench, exhaustive=plan.exhaustive, subject_path=plan.subject_path)
    try:
        with contextlib.closing(runner([cells for _, cells in plan.groups()], work, plan.limits)) as done:
            for cell, outcome in done:
                if isinstance(outcome, Lost) and not outcome.begun:
                    crashes[f"{cell.database}: the process that judged it died ({outcome.reason})"] = None
                    continue
                verdicts[cell] = lost_verdict(cell, outcome) if isinstance(outcome, Lost) else outcome.result
                on_verdict(verdicts[cell])
    except KeyboardInterrupt:
        interrupted = True
    return RunResult(
        verdicts=tuple(verdicts[cell] for cell in plan.cells if cell in verdicts),
        unjudged=tuple(cell for cell in plan.cells if cell not in verdicts),
        interrupted=interrupted,
        crashes=tuple(crashes),
    )


def lost_verdict(cell: Cell, lost: Lost) -> Verdict:
    """The verdict of a cell that processes died over."""
    return Verdict(
        cell=cell,
        architecture="",
        status=Status.FAIL,
        source="",
        error=str(lost),
        command="",
        point=None,
        origin=None,
        points_tried=0,
        seconds=0.0,
        log=lost.log,
    )


@contextlib.contextmanager
def _bench(*, exhaustive: bool, subject_path: Path | None) -> Iterator[Callable[[Cell], Verdict]]:
    finder = judging.full_search if exhaustive else judging.fast_search
    bench = judging.Bench(load_subject(subject_path), finder)
    # Tables are millions of live objects. Looking through them for garbage again and again finds nothing, so only what
    # is new since the cell before is looked through.
    gc.disable()

    def judge(cell: Cell) -> Verdict:
        gc.collect(0)
        return bench.judge(cell)

    try:
        yield judge
    finally:
        bench.close()
