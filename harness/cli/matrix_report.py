"""What `matrix run` shows while it works and when it is done, and where it leaves its results."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from harness.matrix.records import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.matrix.records import Verdict
    from harness.matrix.run import RunResult
    from harness.subjects.api import Point

_PLAIN_EVERY_S = 10.0
_ROWS_SHOWN = 60
_STYLES = {
    Status.PASS: "green",
    Status.HYBRID_PASS: "cyan",
    Status.FAIL: "red",
    Status.FRAMEWORK_INCOMPATIBLE: "yellow",
    Status.HW_INCOMPATIBLE: "bright_black",
}


@contextlib.contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[Verdict], None]]:
    """Show progress on stderr: a live line on a terminal, a plain line every ten seconds elsewhere."""
    if quiet:
        yield lambda _verdict: None
    elif sys.stderr.isatty():
        with _live(total) as on_verdict:
            yield on_verdict
    else:
        yield _Plain(total)


@contextlib.contextmanager
def _live(total: int) -> Iterator[Callable[[Verdict], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counts: Counter[Status] = Counter()
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[statuses]}"),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("judging", total=total, statuses="", rate="")

        def on_verdict(verdict: Verdict) -> None:
            counts[verdict.status] += 1
            rate = counts.total() / max(time.monotonic() - started, 1e-9)
            text = " ".join(f"[{_STYLES[status]}]{status} {n}[/]" for status, n in sorted(counts.items()))
            bar.update(task, advance=1, statuses=text, rate=f"{rate:.0f}/s")

        yield on_verdict


class _Plain:
    """One line every ten seconds, and one at the end."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts: Counter[Status] = Counter()
        self._started = self._said = time.monotonic()

    def __call__(self, verdict: Verdict) -> None:
        self._counts[verdict.status] += 1
        now, done = time.monotonic(), self._counts.total()
        if done < self._total and now - self._said < _PLAIN_EVERY_S:
            return
        self._said = now
        rate = done / max(now - self._started, 1e-9)
        left = (self._total - done) / rate
        statuses = ", ".join(f"{status} {n}" for status, n in sorted(self._counts.items()))
        sys.stderr.write(f"{done}/{self._total} cells, {rate:.1f}/s, {left:.0f} s left: {statuses}\n")


def summary(
    result: RunResult, versions: dict[str, str | None], seconds: float, written: list[str]
) -> dict[str, object]:
    """The run as a JSON document."""
    counts = Counter(verdict.status for verdict in result.verdicts)
    return {
        "versions": versions,
        "cells": len(result.verdicts) + len(result.unjudged),
        "judged": len(result.verdicts),
        "counts": {status.value: counts[status] for status in Status},
        "seconds": round(seconds, 1),
        "interrupted": result.interrupted,
        "crashes": list(result.crashes),
        "written": written,
    }


def text(result: RunResult, document: dict[str, object], *, verbose: bool) -> str:
    """The run for a person: its verdicts when they are few, counts by status, where the results are."""
    from tabulate import tabulate

    parts: list[str] = []
    if not result.verdicts:
        return f"0 of {document['cells']} cells judged in {document['seconds']} s"
    if len(result.verdicts) <= _ROWS_SHOWN:
        headers = ("model", "database", "mode", "status", "source", "GPUs", "TTFT ms", "TPOT ms", "tok/s/GPU", "data")
        rows = [_row(verdict) for verdict in result.verdicts]
        parts.append(tabulate(rows, headers, disable_numparse=True))
        parts += [_why(verdict, verbose=verbose) for verdict in result.verdicts if verdict.error or verbose]
    counts = Counter((verdict.status, verdict.cell.mode) for verdict in result.verdicts)
    modes = sorted({mode for _, mode in counts})
    table = [
        (status, *(str(counts[status, mode]) for mode in modes))
        for status in Status
        if any(counts[status, m] for m in modes)
    ]
    parts.append(
        tabulate(table, ("status", *modes), disable_numparse=True, colalign=("left", *("right" for _ in modes)))
    )
    parts.append(f"{document['judged']} of {document['cells']} cells judged in {document['seconds']} s")
    parts += [f"wrote {path}" for path in document["written"]]  # type: ignore[attr-defined]
    return "\n\n".join(parts)


def problems(result: RunResult, written: list[str]) -> list[str]:
    """What kept cells from being judged, one line each."""
    lines = [f"error: {crash}" for crash in result.crashes]
    if result.interrupted:
        kept = f"kept in {written[0]}" if written else "shown above, and not saved, since no --out was given"
        done = f"{len(result.verdicts)} cells are done and {kept}" if result.verdicts else "no cell is done"
        lines.append(f"interrupted: {done}; {len(result.unjudged)} cells are not")
    elif result.unjudged:
        lines.append(f"error: {len(result.unjudged)} cells have no verdict, the first is {result.unjudged[0]}")
    return lines


def _row(verdict: Verdict) -> tuple[str, ...]:
    cell, point = verdict.cell, verdict.point
    figures = ("", "", "", "") if point is None else _figures(point)
    origin = "" if verdict.origin is None else verdict.origin.label
    return (cell.model, str(cell.database), cell.mode, verdict.status, verdict.source, *figures, origin)


def _figures(point: Point) -> tuple[str, ...]:
    return (str(point.gpus), f"{point.ttft_ms:.1f}", f"{point.tpot_ms:.2f}", f"{point.tokens_per_s_per_gpu:.1f}")


def _why(verdict: Verdict, *, verbose: bool) -> str:
    lines = [f"{verdict.cell}: {verdict.status}{': ' if verdict.error else ''}{verdict.error}"]
    if verbose:
        for worker in verdict.point.workers if verdict.point else ():
            gib = worker.memory_bytes / 2**30
            lines.append(
                f"  {worker.replicas} x {worker.role} [{worker.layout}], batch {worker.batch}, {gib:.1f} GiB per GPU"
            )
        inherited = verdict.origin.inherited if verdict.origin else ()
        lines += [f"  inherited tables: {', '.join(inherited)}"] if inherited else []
        lines += [f"  ask the subject: {verdict.command}"]
        lines += [f"  {line}" for line in verdict.log.splitlines()]
    return "\n".join(lines)
