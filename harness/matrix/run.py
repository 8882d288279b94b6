"""Judges many cells, grouped by database, in this process or over several."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from harness.matrix import judge as judging
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.queues import SimpleQueue
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.matrix.records import Verdict

_POLL_S = 0.2
_GROUPS_PER_PROCESS = 6
"""A process is replaced after so many databases: what the subject keeps of an unloaded one grows its memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to judge and how.

    Attributes:
        cells: The questions; those of one database must stand together.
        exhaustive: Run the subject's own full search instead of the fast one.
        jobs: Processes at work at once.
        subject_path: Folder to import the subject from; None for the installed one.
    """

    cells: tuple[Cell, ...]
    exhaustive: bool = False
    jobs: int = 1
    subject_path: Path | None = None

    def groups(self) -> list[tuple[Database, tuple[Cell, ...]]]:
        """The cells by database, so that each set of tables is loaded once."""
        return [(database, tuple(cells)) for database, cells in groupby(self.cells, lambda cell: cell.database)]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        verdicts: In the order of the plan's cells.
        unjudged: Cells without a verdict, because the run was interrupted or a process died.
        interrupted: The user stopped it.
        crashes: One line for each process that died.
    """

    verdicts: tuple[Verdict, ...]
    unjudged: tuple[Cell, ...]
    interrupted: bool = False
    crashes: tuple[str, ...] = ()


def run(plan: Plan, on_verdict: Callable[[Verdict], None]) -> RunResult:
    """Judge a plan's cells. Ctrl-C ends the run early and keeps what is done.

    Args:
        plan: What to judge.
        on_verdict: Called in this process for each verdict as it comes in.
    """
    verdicts: dict[Cell, Verdict] = {}
    crashes: list[str] = []

    def keep(verdict: Verdict) -> None:
        verdicts[verdict.cell] = verdict
        on_verdict(verdict)

    interrupted = False
    try:
        if plan.jobs == 1 or len(plan.groups()) == 1:
            for verdict in _judge(plan.cells, exhaustive=plan.exhaustive, subject_path=plan.subject_path):
                keep(verdict)
        else:
            _run_in_processes(plan, keep, crashes)
    except KeyboardInterrupt:
        interrupted = True
    return RunResult(
        verdicts=tuple(verdicts[cell] for cell in plan.cells if cell in verdicts),
        unjudged=tuple(cell for cell in plan.cells if cell not in verdicts),
        interrupted=interrupted,
        crashes=tuple(crashes),
    )


def _judge(cells: Sequence[Cell], *, exhaustive: bool, subject_path: Path | None) -> Iterator[Verdict]:
    subject = load_subject(subject_path)
    finder = judging.full_search if exhaustive else judging.fast_search
    # Tables are millions of live objects; looking through them for garbage costs 6 % of a run and finds nothing.
    gc.disable()
    try:
        yield from judging.judge_all(subject, cells, finder)
    finally:
        gc.enable()
        gc.collect()


def _run_in_processes(plan: Plan, keep: Callable[[Verdict], None], crashes: list[str]) -> None:
    context = multiprocessing.get_context("spawn")
    results: SimpleQueue[Verdict] = context.SimpleQueue()
    executor = ProcessPoolExecutor(
        max_workers=min(plan.jobs, len(plan.groups())),
        mp_context=context,
        initializer=_start_worker,
        initargs=(results,),
        max_tasks_per_child=_GROUPS_PER_PROCESS,
    )
    futures: dict[Future[None], Database] = {}
    try:
        for database, cells in plan.groups():
            job = executor.submit(_judge_group, cells, plan.exhaustive, plan.subject_path)
            futures[job] = database
        while not all(job.done() for job in futures):
            _drain(results, keep)
        _drain(results, keep)
    finally:
        # A worker that goes on after Ctrl-C would be an orphan: ending it costs only the cell it is at.
        workers = list((executor._processes or {}).values())  # noqa: SLF001 - there is no public way to end them
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(timeout=5)
    for job, database in futures.items():
        error = job.exception()
        if isinstance(error, BrokenProcessPool):
            crashes.append(f"{database}: the process that judged it, or one beside it, died")
        elif error is not None:
            raise error


def _drain(results: SimpleQueue[Verdict], keep: Callable[[Verdict], None]) -> None:
    reader = results._reader  # type: ignore[attr-defined] # noqa: SLF001 - SimpleQueue has no wait with a limit
    if reader.poll(_POLL_S):
        while not results.empty():
            keep(results.get())


_RESULTS: list[SimpleQueue[Verdict]] = []


def _start_worker(results: SimpleQueue[Verdict]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What compiled code of the subject prints must not mix into our own output.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _RESULTS.append(results)


def _judge_group(cells: tuple[Cell, ...], exhaustive: bool, subject_path: Path | None) -> None:
    for verdict in _judge(cells, exhaustive=exhaustive, subject_path=subject_path):
        _RESULTS[0].put(verdict)
