"""Judges many cells, grouped by database, over several processes."""

from __future__ import annotations

import contextlib
import functools
import gc
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from harness.coordinates import Status
from harness.matrix import judge as judging
from harness.matrix.records import Verdict
from harness.running.groups import LOST_IN_A_ROW, run_here
from harness.running.records import Limits, Lost
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.matrix.notes import Notes
    from harness.running.records import Runner

_BUNDLE = 60
"""Cells that a process of several databases may have to judge."""

_BUNDLES_A_JOB = 2
"""At least, so that none is waited for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to judge and how.

    Attributes:
        cells: The questions; those of one database must stand together.
        exhaustive: Run the subject's own full search instead of the fast one.
        jobs: Processes at work at once.
        subject_path: Folder to import the subject from; None for the installed one.
        limits: What one cell may take.
        notes: What is known of databases; None to find everything out.
    """

    cells: tuple[Cell, ...]
    exhaustive: bool = False
    jobs: int = 1
    subject_path: Path | None = None
    limits: Limits = field(default_factory=Limits)
    notes: Notes | None = None

    def groups(self) -> list[tuple[Database, tuple[Cell, ...]]]:
        """The cells by database, so that each set of tables is loaded once; one by one where a cell costs minutes."""
        if self.exhaustive:
            return [(cell.database, (cell,)) for cell in self.cells]
        return [(database, tuple(cells)) for database, cells in groupby(self.cells, lambda cell: cell.database)]

    def bundles(self) -> list[list[tuple[Cell, ...]]]:
        """Groups that one process serves in turn: to start one costs as much as a few cells do."""
        groups = [cells for _, cells in self.groups()]
        if self.exhaustive:
            return [[cells] for cells in groups]
        most = math.ceil(len(groups) / (_BUNDLES_A_JOB * self.jobs))
        bundles: list[list[tuple[Cell, ...]]] = [[]]
        for cells in groups:
            if bundles[-1] and (len(bundles[-1]) == most or sum(map(len, (*bundles[-1], cells))) > _BUNDLE):
                bundles.append([])
            bundles[-1].append(cells)
        return [bundle for bundle in bundles if bundle]


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
    """Judge a plan's cells, by database over several processes. Ctrl-C ends the run early and keeps what is done.

    A database of many cells has a process of its own, since what the subject keeps of an unloaded one would otherwise
    grow it. A cell that its process dies over fails, with the cause as its error. Where a process is given up that was
    to serve several databases, each of those left has one of its own, unless its own cells were the fault.

    Args:
        plan: What to judge.
        on_verdict: Called in this process for each verdict, before the next cell of its database is begun.
        runner: Where it is done instead of in `plan.jobs` processes of this machine.
    """
    # What another runner is given is split and begun elsewhere.
    bundles = [[cells] for _, cells in plan.groups()] if runner else plan.bundles()
    runner = runner or functools.partial(run_here, jobs=plan.jobs)
    verdicts: dict[Cell, Verdict] = {}
    given_up: dict[Cell, Lost] = {}
    losses: Counter[Database] = Counter()
    interrupted = False
    work = functools.partial(_bench, exhaustive=plan.exhaustive, subject_path=plan.subject_path, notes=plan.notes)

    def judge_all(groups: Sequence[Sequence[Cell]]) -> None:
        with contextlib.closing(runner(groups, work, plan.limits)) as done:
            for cell, outcome in done:
                if isinstance(outcome, Lost) and not outcome.begun:
                    given_up[cell] = outcome
                    continue
                if isinstance(outcome, Lost):
                    losses[cell.database] += 1
                verdicts[cell] = lost_verdict(cell, outcome) if isinstance(outcome, Lost) else outcome.result
                on_verdict(verdicts[cell])

    try:
        judge_all([[cell for cells in bundle for cell in cells] for bundle in bundles])
        shared = {cell for bundle in bundles if len(bundle) > 1 for cells in bundle for cell in cells}
        again = [cell for cell in plan.cells if cell in given_up and cell in shared]
        again = [cell for cell in again if losses[cell.database] < LOST_IN_A_ROW]
        for cell in again:
            del given_up[cell]
        if again:
            judge_all([cells for _, cells in replace(plan, cells=tuple(again)).groups()])
    except KeyboardInterrupt:
        interrupted = True
    crashes = (f"{cell.database}: the process that judged it died ({lost.reason})" for cell, lost in given_up.items())
    return RunResult(
        verdicts=tuple(verdicts[cell] for cell in plan.cells if cell in verdicts),
        unjudged=tuple(cell for cell in plan.cells if cell not in verdicts),
        interrupted=interrupted,
        crashes=tuple(dict.fromkeys(crashes)),
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
def _bench(*, exhaustive: bool, subject_path: Path | None, notes: Notes | None) -> Iterator[Callable[[Cell], Verdict]]:
    finder = judging.full_search if exhaustive else judging.fast_search
    bench = judging.Bench(load_subject(subject_path), finder, notes)
    # Tables are millions of live objects. Looking through them for garbage again and again finds nothing, so only what
    # is new since the cell before is looked through; and what was imported stays, so no database's end looks at it.
    gc.disable()
    gc.freeze()

    def judge(cell: Cell) -> Verdict:
        gc.collect(0)
        return bench.judge(cell)

    try:
        yield judge
    finally:
        bench.close()
