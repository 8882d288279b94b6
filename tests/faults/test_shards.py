"""A run in parts, on as many machines, is the run in one piece."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from harness.matrix.evidence import evidence_path

if TYPE_CHECKING:
    from pathlib import Path

FILTERS = ("--model", "Qwen/Qwen3-0.6B", "--backend", "vllm", "--system", "b60")


def _aic(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def _run(folder: Path, *words: str) -> dict[str, int]:
    # The cache makes the times that are part of the evidence the same.
    done = _aic(folder, "matrix", "run", *FILTERS, "--json", "--quiet", "--cache-dir", "cache", *words)
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, int] = json.loads(done.stdout)
    return document


def test_shards_put_together_are_the_run_in_one_piece(tmp_path: Path) -> None:
    judged = [_run(tmp_path, "--shard", f"{number}/2")["judged"] for number in (1, 2)]
    assert judged == [2, 2]
    assert _run(tmp_path, "--out", "whole.csv")["reused"] == 4
    parts = [f"support_matrix.{number}-of-2.jsonl" for number in (2, 1)]
    done = _aic(tmp_path, "merge", *parts, "--out", "merged.csv", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["written"] == ["merged.csv", "merged.evidence.parquet"]
    whole, merged = tmp_path / "whole.csv", tmp_path / "merged.csv"
    assert merged.read_bytes() == whole.read_bytes()
    assert evidence_path(merged).read_bytes() == evidence_path(whole).read_bytes()

    refused = _aic(tmp_path, "merge", parts[0], "--out", "half.csv")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "no part 1/2" in refused.stderr
    assert not (tmp_path / "half.csv").exists()


def test_a_shard_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = _aic(tmp_path, "matrix", "run", *FILTERS, "--shard", "3/2")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: --shard: found '3/2'; expected a part and how many there are")
    done = _aic(tmp_path, "matrix", "run", *FILTERS, "--shard", "1/2", "--split", "folder")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
