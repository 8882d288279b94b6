"""Runs the matrix so that no verdict is reached twice: journal, cache, and what is left to judge."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.matrix.notes import lent
from harness.matrix.run import run
from harness.results.journal import entry_of, unfinished
from harness.results.stream import Writer, partial_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.coordinates import Cell
    from harness.matrix.cache import Cache
    from harness.matrix.records import Verdict
    from harness.matrix.run import Plan, RunResult
    from harness.results.stream import Header
    from harness.running.records import Runner


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a run writes down what it does.

    Attributes:
        path: The file; until the run has ended, it lies beside it.
        header: First line of it.
        resume: Go on with what an earlier run wrote there.
    """

    path: Path
    header: Header
    resume: bool = False

    def done(self) -> tuple[Verdict, ...]:
        """Verdicts of the run that this one goes on with.

        Raises:
            ResultsError: The journal is damaged, or of a run of something else.
        """
        return unfinished(self.path, self.header) if self.resume else ()

    def left(self, result: RunResult) -> Path:
        """Where the file lies after a run that came to this."""
        return partial_path(self.path) if result.unjudged else self.path


def run_recorded(
    plan: Plan,
    on_verdict: Callable[[Verdict], None],
    journal: Journal | None = None,
    cache: Cache | None = None,
    runner: Runner | None = None,
) -> RunResult:
    """Judge what is neither in the journal nor in the cache, and put it into both.

    Args:
        plan: What to judge.
        on_verdict: Called for each verdict of the plan, the known ones first.
        journal: Where verdicts are written down before the next cell of the database is begun.
        cache: Where verdicts are looked up, and kept for later runs.
        runner: Where cells are judged; see `run`.

    Raises:
        ResultsError: The journal cannot be gone on with.
        OutputError: The journal cannot be written.
    """
    started = time.monotonic()
    done = journal.done() if journal else ()
    known = {verdict.cell: verdict for verdict in done}
    with contextlib.ExitStack() as stack:
        writer = None
        if journal:
            entries = map(entry_of, done)
            writer = stack.enter_context(Writer(journal.path, journal.header, entries, lasting=True))
        for verdict in done:
            on_verdict(verdict)
        for verdict in _cached(plan, known, cache):
            known[verdict.cell] = verdict
            if writer:
                writer.add(entry_of(verdict), sync=False)
            on_verdict(verdict)
        if writer:
            writer.sync()

        def keep(verdict: Verdict) -> None:
            if writer:
                writer.add(entry_of(verdict))
            on_verdict(verdict)

        left = tuple(cell for cell in plan.cells if cell not in known)
        databases = dict.fromkeys(cell.database for cell in left)
        # Workers elsewhere do not see the folder of a loan.
        loan = None if runner else stack.enter_context(lent(cache, databases))
        result = run(replace(plan, cells=left, notes=loan.notes if loan else None), keep, runner)
        if writer and not result.unjudged:
            writer.finish(time.monotonic() - started)
        if cache:
            cache.put((*done, *result.verdicts), loan.new(databases) if loan else None)
    reached = known | {verdict.cell: verdict for verdict in result.verdicts}
    verdicts = tuple(reached[cell] for cell in plan.cells if cell in reached)
    return replace(result, verdicts=verdicts, reused=len(known))


def _cached(plan: Plan, known: dict[Cell, Verdict], cache: Cache | None) -> list[Verdict]:
    if cache is None:
        return []
    found = (cache.get(cell) for cell in plan.cells if cell not in known)
    return [verdict for verdict in found if verdict is not None]
