"""A real run killed at random moments and gone on with: is its matrix that of a run that nobody disturbed?

A run is begun with `--resume` and killed (SIGKILL) at a random time, three times of four after its first verdict and
else after its start, again and again, then left to end. After each
kill every verdict that was written down before must still be there to the byte, the seconds that it took included, so
that it was not reached a second time, and no process may be left. In the end the CSV must be that of a run in one
piece, and so must the evidence but for the seconds.

Run: python benchmarks/kills.py --kills 20 --system h200_sxm
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from harness.matrix.evidence import evidence_path, read_evidence
from harness.results.stream import partial_path

GONE_S = 5.0
"""Within this time no process may be left."""


class Kill(NamedTuple):
    """What one kill came to.

    Attributes:
        after_s: Seconds after the start or the first verdict.
        records: Verdicts that were written down by then.
        kept: Verdicts written down before this start that are there unchanged.
        torn: The last line was cut off.
        left: Processes that were there still.
    """

    after_s: float
    records: int
    kept: int
    torn: bool
    left: int


def command(out: Path, filters: list[str], jobs: int) -> list[str]:
    """The run, without a cache that would know what was killed."""
    words = ["matrix", "run", *filters, "--out", str(out), "--no-cache", "--resume", "--quiet", "--jobs", str(jobs)]
    return [sys.executable, "-m", "harness.cli", *words]


def verdicts(out: Path) -> tuple[list[bytes], bool]:
    """Lines of the journal after its header that are whole, and whether another one is not."""
    journal = partial_path(out.with_suffix(".journal.jsonl"))
    *whole, last = journal.read_bytes().split(b"\n") if journal.exists() else [b""]
    return whole[1:], bool(last)


def descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those that these have."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        started = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [*started, *(each for child in started for each in descendants(child))]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(words: list[str], out: Path, after_s: float, *, at_work: bool) -> Kill | None:
    """Start a run and kill it some time after its start, or after its first verdict; None if it ended before."""
    before, _ = verdicts(out)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while at_work and process.poll() is None and len(verdicts(out)[0]) <= len(before):
        time.sleep(0.01)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        started = descendants(process.pid)
        process.kill()
        process.wait()
    else:
        return None
    until = time.monotonic() + GONE_S
    while any(map(alive, started)) and time.monotonic() < until:
        time.sleep(0.05)
    after, torn = verdicts(out)
    return Kill(after_s, len(after), len(set(before) & set(after)), torn, sum(map(alive, started)))


def timed(words: list[str]) -> float:
    """Seconds that a run takes to its end."""
    started = time.monotonic()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started


def differences(whole: Path, hurt: Path) -> list[str]:
    """What of two results differs."""
    found = [] if whole.read_bytes() == hurt.read_bytes() else ["CSV"]
    frames = [read_evidence(evidence_path(path)).frame.drop(columns="seconds") for path in (whole, hurt)]
    return found if frames[0].equals(frames[1]) else [*found, "evidence"]


def main() -> int:
    """Kill, compare and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--system", default="h200_sxm")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds before a kill at most")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    moments, kills = random.Random(asked.seed), list[Kill]()  # noqa: S311 - reproducible, not secret
    with tempfile.TemporaryDirectory() as folder:
        whole, hurt = Path(folder, "whole.csv"), Path(folder, "hurt.csv")
        filters = ["--system", asked.system]
        print(f"undisturbed: {timed(command(whole, filters, asked.jobs)):.0f} s", flush=True)
        words, kept_before, wrong = command(hurt, filters, asked.jobs), 0, list[str]()
        while len(kills) < asked.kills:
            one = kill(words, hurt, moments.uniform(0.0, asked.longest), at_work=len(kills) % 4 > 0)
            if one is None:
                wrong.append(f"the run ended after {len(kills)} kills; make --longest smaller")
                break
            kills.append(one)
            print(f"kill {len(kills):2} after {one.after_s:4.1f} s: {one._asdict()}", flush=True)
            wrong += [f"kill {len(kills)} lost verdicts"] if one.kept < kept_before else []
            wrong += [f"kill {len(kills)} left processes"] if one.left else []
            kept_before = one.records
        print(f"the rest: {timed(words):.0f} s" if not wrong else "; ".join(wrong), flush=True)
        if not wrong:
            wrong += differences(whole, hurt)
            cells = len(whole.read_text(encoding="utf-8").splitlines()) - 1
            in_flight = asked.jobs * len(kills)
            print(f"{cells} cells, {len(kills)} kills; judged again: those in flight alone, {in_flight} at most")
        leftovers = sorted(path.name for path in Path(folder).iterdir() if "journal" in path.name)
    print(f"differs: {', '.join([*wrong, *leftovers]) or 'nothing'}")
    return int(bool(wrong or leftovers))


if __name__ == "__main__":
    sys.exit(main())
