"""A run that is killed goes on where it was; the result is that of a run that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from harness.matrix.evidence import evidence_path
from harness.results.stream import partial_path

if TYPE_CHECKING:
    from pathlib import Path

FILTERS = ("--model", "Qwen/Qwen3-*", "--system", "a100_sxm", "--backend", "vllm")
CELLS = 36


def _command(out: Path, *more: str) -> list[str]:
    words = [sys.executable, "-m", "harness.cli", "matrix", "run", *FILTERS, "--out", str(out), "--no-cache", "--quiet"]
    return [*words, "--json", *more]


def _finished(out: Path, *more: str) -> dict[str, object]:
    done = subprocess.run(_command(out, *more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def _journal(out: Path) -> Path:
    return partial_path(out.with_suffix(".journal.jsonl"))


def _records(out: Path) -> int:
    return _journal(out).read_bytes().count(b"\n") - 1 if _journal(out).exists() else 0


def _kill_at(out: Path, records: int, number: signal.Signals) -> int:
    """Run until so many verdicts are written down, then a moment longer; how many there are when it is dead."""
    process = subprocess.Popen(_command(out, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while _records(out) < records:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(0.01 * records % 0.07)
    process.send_signal(number)
    process.wait()
    return _records(out)


def _evidence(out: Path) -> list[dict[str, object]]:
    pq = pytest.importorskip("pyarrow.parquet")
    rows = pq.read_table(evidence_path(out)).drop_columns(["seconds"]).to_pylist()
    assert isinstance(rows, list)
    return rows


def test_a_run_that_is_killed_goes_on_and_judges_nothing_twice(tmp_path: Path) -> None:
    whole, hurt = tmp_path / "whole.csv", tmp_path / "hurt.csv"
    assert _finished(whole)["reused"] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"whole.csv", "whole.evidence.parquet"}
    first = _kill_at(hurt, 3, signal.SIGKILL)
    with _journal(hurt).open("ab") as file:
        file.write(b'{"key": "torn')
    second = _kill_at(hurt, first + 8, signal.SIGKILL)
    assert not hurt.exists()
    assert _finished(hurt, "--resume")["reused"] == second
    assert hurt.read_bytes() == whole.read_bytes()
    assert _evidence(hurt) == _evidence(whole)
    assert not [path for path in tmp_path.iterdir() if "journal" in path.name]


def test_a_full_disk_ends_the_run_in_one_line_and_only_that_run_can_go_on(tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    # No file can grow beyond so many KiB, as if the disk were full by then.
    limited = ["bash", "-c", 'ulimit -f 12 && exec "$@"', "-", *_command(out)]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"error: {out.with_suffix('.journal.jsonl')}: found File too large; expected a place")
    kept = _records(out)
    assert 0 < kept < CELLS

    before = _journal(out).read_bytes()
    refused = subprocess.run(_command(out, "--resume", "--mode", "agg"), capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert refused.stderr.startswith(f"error: {_journal(out)}:1, field about.asked (cells asked for")
    assert _journal(out).read_bytes() == before

    assert _finished(out, "--resume")["reused"] == kept
    assert len(out.read_text().splitlines()) == 1 + CELLS


def test_resuming_without_a_file_is_refused() -> None:
    words = [sys.executable, "-m", "harness.cli", "matrix", "run", *FILTERS, "--resume"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--resume: found no --out" in done.stderr
