"""On an ordinary night only what changed is judged, and the result is the same to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from harness.matrix.evidence import evidence_path
from tests.fakes.faulty_subject import write_linked_subject

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B", "Qwen/Qwen3-8B")
CELLS = 2 * len(MODELS)


def _run(folder: Path, name: str, *more: str) -> tuple[Path, dict[str, int], str]:
    out = folder / name
    words = [sys.executable, "-m", "harness.cli", "matrix", "run", "--system", "a100_sxm", "--backend", "vllm"]
    words += [word for model in MODELS for word in ("--model", model)]
    words += ["--subject-path", str(folder / "subject"), "--cache-dir", str(folder / "cache"), "--out", str(out)]
    done = subprocess.run([*words, "--json", "--quiet", *more], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout), done.stderr


def _replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def test_only_what_changed_is_judged(tmp_path: Path) -> None:
    core = write_linked_subject(tmp_path / "subject") / "aiconfigurator_core"
    first, summary, _ = _run(tmp_path, "first.csv")
    assert (summary["judged"], summary["reused"]) == (CELLS, 0)

    again, summary, said = _run(tmp_path, "again.csv")
    assert (summary["judged"], summary["reused"], said) == (CELLS, CELLS, "")
    assert again.read_bytes() == first.read_bytes()
    assert evidence_path(again).read_bytes() == evidence_path(first).read_bytes()

    config = core / "model_configs" / "Qwen--Qwen3-1.7B_config.json"
    _replace(config, config.read_bytes() + b"\n")
    elsewhere = next(core.glob("systems/data/l40s/*/vllm/*/*.parquet"))
    _replace(elsewhere, b"damaged")
    damaged = next(
        path
        for path in (tmp_path / "cache").glob("verdicts/??/*")
        if b'"mode":"agg","model":"Qwen/Qwen3-8B"' in path.read_bytes()
    )
    damaged.write_bytes(damaged.read_bytes()[:-1])
    changed, summary, said = _run(tmp_path, "changed.csv", "--mode", "agg")
    assert (summary["judged"], summary["reused"]) == (CELLS // 2, 1)
    assert said == (
        f"note: 1 times the cache was no use and the cell was judged anew, first {damaged}: "
        "found an entry that was changed after it was written\n"
    )
    lines = first.read_bytes().splitlines(keepends=True)
    assert changed.read_bytes().splitlines(keepends=True) == [line for line in lines if b",disagg," not in line]


def test_without_a_cache_everything_is_judged(tmp_path: Path) -> None:
    write_linked_subject(tmp_path / "subject")
    _, summary, _ = _run(tmp_path, "m.csv", "--no-cache", "--mode", "agg")
    assert summary["reused"] == 0
    assert not (tmp_path / "cache").exists()
