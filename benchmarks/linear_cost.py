"""Does the cost of a matrix grow linearly? Judges 1/8, 1/4, 1/2 and all of it, on one and on two processes.

A part is the first of so many shards, which are balanced by recorded cost. Nothing comes from a cache. CPU seconds are
those of all processes of a run, user and system; beside other jobs they say more than wall time.

Run: python benchmarks/linear_cost.py --out linear_cost.csv --plot docs/images/linear_cost.svg
Parts that the file holds already are not measured again; --parts 8 4 measures only an eighth and a quarter.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PARTS = (8, 4, 2, 1)
JOBS = (1, 2)
COLUMNS = ("part", "jobs", "cells", "wall_s", "cpu_s")
_COLOURS = {1: "#3b82c4", 2: "#d9822b"}
"""Legible on white and on black."""

_GREY = "#808080"
_WIDTH, _HEIGHT, _MARGIN = 420, 300, 48


class Measured(NamedTuple):
    """What one run cost: the `part`-th part of the matrix on so many processes."""

    part: int
    jobs: int
    cells: int
    wall_s: float
    cpu_s: float


def measure(part: int, jobs: int) -> Measured:
    """Run one part of the matrix."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "matrix.csv"
        words = [sys.executable, "-m", "harness.cli", "matrix", "run", "--no-cache", "--quiet"]
        words += ["--jobs", str(jobs), "--out", str(out), "--shard", f"1/{part}", "--json"]
        before, started = _cpu_s(), time.monotonic()
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE)
        wall_s = time.monotonic() - started
        return Measured(part, jobs, json.loads(done.stdout)["judged"], wall_s, _cpu_s() - before)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read(path: Path) -> list[Measured]:
    """What was measured earlier; nothing if there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            Measured(int(row["part"]), int(row["jobs"]), int(row["cells"]), float(row["wall_s"]), float(row["cpu_s"]))
            for row in csv.DictReader(stream)
        ]


def write(path: Path, rows: list[Measured]) -> None:
    """The file of figures."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*row[:3], f"{row.wall_s:.0f}", f"{row.cpu_s:.0f}") for row in sorted(rows))


def plot(rows: list[Measured]) -> str:
    """An SVG with CPU seconds by the part of the matrix; dashed: in proportion to the smallest part."""
    highest = max(row.cpu_s for row in rows)
    wide, high = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def place(share: float, value: float) -> str:
        return f"{_MARGIN + share * wide:.1f},{_HEIGHT - _MARGIN - value / highest * high:.1f}"

    lines = [
        f'<path d="M{place(0, highest)} L{place(0, 0)} L{place(1, 0)}" fill="none" stroke="{_GREY}"/>',
        f'<text x="{_MARGIN}" y="{_MARGIN - 14}">CPU seconds</text>',
        _text(place(0, highest), f"{highest:.0f}", "end", -4, 4),
        *(_text(place(1 / part, 0), "all" if part == 1 else f"1/{part}", "middle", 0, 16) for part in PARTS),
    ]
    for jobs in sorted({row.jobs for row in rows}):
        own = sorted((row for row in rows if row.jobs == jobs), key=lambda row: -row.part)
        colour = _COLOURS[jobs]
        points = [place(1 / row.part, row.cpu_s) for row in own]
        proportional = own[0].cpu_s * own[0].part / own[-1].part
        dashed = f'stroke="{colour}" stroke-dasharray="3 3" stroke-opacity="0.6"'
        label = f"{jobs} {'process' if jobs == 1 else 'processes'}"
        lines += [
            f'<path d="M{place(0, 0)} L{place(1 / own[-1].part, proportional)}" {dashed}/>',
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>',
            *(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (p.split(",") for p in points)),
            f'<text x="{_MARGIN + 12}" y="{_MARGIN + 14 * jobs}" fill="{colour}">{label}</text>',
        ]
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11" fill="{_GREY}">'
    return "\n".join([head, "<title>Cost of parts of the matrix</title>", *lines, "</svg>", ""])


def _text(point: str, text: str, anchor: str, right: int, down: int) -> str:
    x, y = map(float, point.split(","))
    return f'<text x="{x + right:.1f}" y="{y + down:.1f}" text-anchor="{anchor}">{text}</text>'


def main() -> None:
    """Measure what is missing, print it, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--jobs", type=int, nargs="*", choices=JOBS, default=JOBS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    rows = read(options.out)
    known = {(row.part, row.jobs) for row in rows}
    for part, jobs in ((part, jobs) for part in options.parts for jobs in options.jobs if (part, jobs) not in known):
        row = measure(part, jobs)
        print(f"1/{part} on {jobs}: {row.cells} cells, {row.wall_s:.0f} s, {row.cpu_s:.0f} CPU seconds", flush=True)
        rows.append(row)
        write(options.out, rows)
    if options.plot and rows:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        options.plot.write_text(plot(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
