"""Fast against full search, side by side on the same cells: CPU time, and whether the verdicts are equal.

The sample is seeded and stratified over recorded status, serving backend and system. For each combination of model
and database both modes are judged, first by the fast search and then by the subject's own full search, untouched, in
the same process. Times are CPU seconds of that process, so a busy machine distorts them less than wall time. The
fast search runs twice: cold, which includes loading the tables, and warm, as it runs for all but the first of the
models that a matrix run judges on a database. The full search comes last and finds the tables loaded.

Run: python benchmarks/full_search.py --combinations 12 --out full_search.csv
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.coordinates import Cell, Database, Mode, Status
from harness.data_files import data_path
from harness.matrix.judge import Finder, fast_search, full_search, judge
from harness.matrix.store import read_matrix
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.api import Subject

COLUMNS = ("model", "system", "backend", "version", "mode", "status", "source", "fast_status", "fast_source")


class Combination(NamedTuple):
    """A model on a database; both modes of it are judged."""

    model: str
    database: Database


class Outcome(NamedTuple):
    """What one combination came to: rows of the result file, and CPU seconds of each search."""

    combination: Combination
    rows: list[tuple[str, ...]]
    cold_s: float
    warm_s: float
    full_s: float


def stratified(count: int, seed: int) -> list[Combination]:
    """Combinations spread evenly over the matrix, sorted by status, backend and system, from a random start.

    Each stratum is thus drawn in proportion to its size, so that totals over the sample stand for the whole matrix.
    Hardware incompatibilities are left out: they are decided without a search.
    """
    rows = [row for row in read_matrix(data_path("support_matrix.csv")).rows if row.mode is Mode.AGG]
    searched = sorted(
        (row.status, row.backend, row.system, row.version, row.model)
        for row in rows
        if row.status is not Status.HW_INCOMPATIBLE
    )
    step = len(searched) / count
    start = random.Random(seed).random() * step  # noqa: S311 - a sample, not a secret
    chosen = (searched[int(start + place * step)] for place in range(count))
    return [Combination(model, Database(system, backend, version)) for _, backend, system, version, model in chosen]


def measure(combination: Combination) -> Outcome:
    """Judge both modes of a combination by both searches."""
    cells = [Cell(combination.model, *_fields(combination.database), mode) for mode in Mode]
    subject = load_subject()
    _, cold_s = _judge(subject, cells, fast_search)
    fast, warm_s = _judge(subject, cells, fast_search)
    full, full_s = _judge(subject, cells, full_search)
    rows: list[tuple[str, ...]] = [
        (cell.model, cell.system, cell.backend, cell.version, cell.mode.value, *slow, *quick)
        for cell, slow, quick in zip(cells, full, fast, strict=True)
    ]
    return Outcome(combination, rows, cold_s, warm_s, full_s)


def _judge(subject: Subject, cells: list[Cell], finder: Finder) -> tuple[list[tuple[str, str]], float]:
    started = time.process_time()
    verdicts = [judge(subject, cell, finder) for cell in cells]
    return [(verdict.status.value, verdict.source) for verdict in verdicts], time.process_time() - started


def _fields(database: Database) -> tuple[str, str, str]:
    return database.system, database.backend, database.version


def _measured(combinations: list[Combination], jobs: int) -> Iterator[Outcome]:
    # A process per combination: what one of them loads or caches must not help the next.
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(measure, combinations, chunksize=1)


def main() -> int:
    """Measure, print one line per combination and the totals, write the verdicts; 1 when two verdicts differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--combinations", type=int, default=12)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    cold_s = warm_s = full_s = 0.0
    for outcome in _measured(stratified(options.combinations, options.seed), options.jobs):
        rows += outcome.rows
        cold_s, warm_s, full_s = cold_s + outcome.cold_s, warm_s + outcome.warm_s, full_s + outcome.full_s
        print(
            f"{outcome.combination.model} on {outcome.combination.database}: "
            f"full {outcome.full_s:.1f} s, fast {outcome.warm_s:.2f} s (cold {outcome.cold_s:.1f} s), "
            + ", ".join(
                f"{row[4]} {row[5]} {row[6]}{'' if row[5:7] == row[7:9] else f' != {row[7:9]}'}" for row in outcome.rows
            ),
            flush=True,
        )
    different = [row for row in rows if row[5:7] != row[7:9]]
    print(f"{len(rows)} cells, {len(different)} verdicts differ")
    print(f"CPU seconds: full {full_s:.0f}, fast {warm_s:.1f}, ratio {full_s / warm_s:.0f}")
    print(f"with the tables loaded for one model alone: fast {cold_s:.1f}, ratio {full_s / cold_s:.0f}")
    if options.out:
        with options.out.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(sorted(rows))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
