"""Does a whole run stay within the memory of its largest database? Samples every process of a run until it ends.

Prints for each process that judged, in the order of their starts, when it started and ended and its highest resident
memory, and for the process of the command itself what it held at each tenth of the run. A share of a database's memory
that stayed behind would show as peaks that rise from start to end.

Run: python benchmarks/memory.py -- --out m.csv --jobs 2
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from tabulate import tabulate

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY_S = 0.2
_MIB = 1 << 20
_HELPER_MIB = 64
"""Below this, a process is one of those that Python starts beside its workers."""


@dataclass(slots=True)
class Seen:
    """A process of the run.

    Attributes:
        start_s, end_s: When it was seen first and last, in seconds after the start of the run.
        peak_mib: Its highest resident memory.
    """

    start_s: float
    end_s: float
    peak_mib: float


def sample(words: Sequence[str]) -> tuple[list[Seen], list[float]]:
    """Run a command to its end.

    Returns:
        The processes that it started, in that order, and the resident memory of its own at each sample in MiB.

    Raises:
        CalledProcessError: It failed.
    """
    seen: dict[tuple[int, float], Seen] = {}
    own: list[float] = []
    started = time.monotonic()
    process = subprocess.Popen(words)
    main = psutil.Process(process.pid)
    while process.poll() is None:
        now = time.monotonic() - started
        try:
            own.append(main.memory_info().rss / _MIB)
            children = main.children(recursive=True)
        except psutil.NoSuchProcess:
            break
        for child in children:
            try:
                mib = child.memory_info().rss / _MIB
            except psutil.NoSuchProcess:
                continue
            one = seen.setdefault((child.pid, child.create_time()), Seen(now, now, mib))
            one.end_s, one.peak_mib = now, max(one.peak_mib, mib)
        time.sleep(EVERY_S)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, words)
    return [one for one in seen.values() if one.peak_mib > _HELPER_MIB], own


def main() -> None:
    """Measure one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arguments", nargs="*", help="for `aic-harness matrix run`, after --")
    words = [sys.executable, "-m", "harness.cli", "matrix", "run", "--quiet", *parser.parse_args().arguments]
    processes, own = sample(words)
    rows = [
        (number, f"{p.start_s:.0f}", f"{p.end_s:.0f}", f"{p.peak_mib:.0f}") for number, p in enumerate(processes, 1)
    ]
    print(tabulate(rows, ("process", "from s", "to s", "peak MiB"), disable_numparse=True))
    tenths = [own[int(place * (len(own) - 1) / 10)] for place in range(11)]
    print("the command itself, MiB at each tenth:", " ".join(f"{mib:.0f}" for mib in tenths))
    largest, last = max(p.peak_mib for p in processes), processes[-1].peak_mib
    print(f"largest {largest:.0f} MiB, last {last:.0f} MiB: {last / largest:.2f}")


if __name__ == "__main__":
    main()
