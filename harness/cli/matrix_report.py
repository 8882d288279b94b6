"""What `matrix run` shows while it works and when it is done, and where it leaves its results."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.cli.progress import progress as shown
from harness.coordinates import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from harness.matrix.records import Verdict
    from harness.matrix.run import RunResult
    from harness.subjects.api import Point

_ROWS_SHOWN = 60
_STYLES = {
    Status.PASS: "green",
    Status.HYBRID_PASS: "cyan",
    Status.FAIL: "red",
    Status.FRAMEWORK_INCOMPATIBLE: "yellow",
    Status.HW_INCOMPATIBLE: "bright_black",
}


def progress(total: int, *, quiet: bool) -> AbstractContextManager[Callable[[Verdict], None]]:
    """Show progress on stderr."""
    return shown(total, "cells", lambda verdict: verdict.status, _STYLES, quiet=quiet)


def summary(
    result: RunResult, versions: dict[str, str | None], seconds: float, written: list[str]
) -> dict[str, object]:
    """The run as a JSON document."""
    counts = Counter(verdict.status for verdict in result.verdicts)
    return {
        "versions": versions,
        "cells": len(result.verdicts) + len(result.unjudged),
        "judged": len(result.verdicts),
        "reused": result.reused,
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
    known = f", {result.reused} of them known from earlier runs" if result.reused else ""
    parts.append(f"{document['judged']} of {document['cells']} cells judged in {document['seconds']} s{known}")
    parts += [f"wrote {path}" for path in document["written"]]  # type: ignore[attr-defined]
    return "\n\n".join(parts)


def problems(result: RunResult, written: list[str], cache: Sequence[str] = ()) -> list[str]:
    """What kept cells from being judged, and verdicts from being known from earlier runs, one line each."""
    lines = []
    if cache:
        lines.append(f"note: {len(cache)} times the cache was no use and the cell was judged anew, first {cache[0]}")
    lines += [f"error: {crash}" for crash in result.crashes]
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
