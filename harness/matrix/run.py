"""Judges many cells, grouped by database, in this process or over several."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass
from itertools import groupby
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from harness.matrix import judge as judging
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.matrix.records import Verdict


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
    finder = judging.full_search if exhaustive else judging.fast_search
    bench = judging.Bench(load_subject(subject_path), finder)
    # Tables are millions of live objects. Looking through them for garbage again and again finds nothing, so only what
    # is new since the cell before is looked through.
    gc.disable()
    try:
        for cell in cells:
            yield bench.judge(cell)
            gc.collect(0)
    finally:
        bench.close()
        gc.enable()
        gc.collect()


def _run_in_processes(plan: Plan, keep: Callable[[Verdict], None], crashes: list[str]) -> None:
    """Give every database a process of its own, `jobs` of them at a time.

    What the subject keeps of an unloaded database would otherwise grow a process from one database to the next, and
    a process that dies takes nothing with it but the rest of its own database. Each one has a pipe of its own, so
    that none can block another, and ends by itself when this process is gone.
    """
    waiting = plan.groups()[::-1]
    working: dict[Connection, _Worker] = {}
    try:
        while waiting or working:
            while waiting and len(working) < plan.jobs:
                worker = _Worker.start(*waiting.pop(), plan)
                working[worker.results] = worker
            for results in wait(list(working)):
                worker = working[results]  # type: ignore[index] # wait() returns what it was given
                try:
                    keep(worker.results.recv())
                except (EOFError, OSError):
                    # A process that dies while it sends leaves half a message behind, which reads as an OSError.
                    worker.process.join()
                    del working[worker.results]
                    if worker.process.exitcode != 0:
                        crashes.append(f"{worker.database}: the process that judged it died ({_reason(worker)})")
    finally:
        for worker in working.values():
            worker.process.terminate()
        for worker in working.values():
            worker.process.join()


@dataclass(frozen=True, slots=True)
class _Worker:
    """One process at work on one database."""

    database: Database
    process: SpawnProcess
    results: Connection

    @classmethod
    def start(cls, database: Database, cells: tuple[Cell, ...], plan: Plan) -> _Worker:
        # Spawn, not fork: the subject's compiled engine runs threads.
        context = multiprocessing.get_context("spawn")
        results, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_judge_group, args=(cells, plan.exhaustive, plan.subject_path, sender), daemon=True
        )
        process.start()
        sender.close()
        return cls(database, process, results)


def _reason(worker: _Worker) -> str:
    code = worker.process.exitcode or 0
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _judge_group(
    cells: tuple[Cell, ...],
    exhaustive: bool,
    subject_path: Path | None,
    sender: Connection,
) -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides what to keep.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What compiled code of the subject prints must not mix into our own output.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError):
        for verdict in _judge(cells, exhaustive=exhaustive, subject_path=subject_path):
            sender.send(verdict)
