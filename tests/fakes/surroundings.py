"""Every command once, as cheap as it gets, to be run where things go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.console import FITS, LACKS
from tests.fakes.matrix_files import HEADER, SILICON_LINE, lines
from tests.fakes.results import found, passed, written

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
CHEAP = ("--model", LACKS, "--system", "b60", "--backend", "vllm", "--version", "0.26.0", "--mode", "agg")
CONFIG = ROOT / "model_configs" / "Qwen--Qwen3-0.6B_config.json"


def given(folder: Path) -> None:
    """Put into a folder what the commands read."""
    lines(folder / "m.csv", HEADER, SILICON_LINE)
    written(folder / "results" / "1.0.0" / "findings.jsonl", found(), passed("cache"), release="1.0.0")


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "help": ("--help",),
    "version": ("version",),
    "plan": ("plan", FITS),
    "explain": ("explain", FITS),
    "assess": ("assess", FITS),
    "scaffold": ("scaffold", str(CONFIG), "--out", "scaffold"),
    "configs": ("configs",),
    "check": ("check", FITS, "--check", "is_moe", "--results", "f.jsonl", "--junit", "j.xml"),
    "matrix run": ("matrix", "run", *CHEAP, "--no-cache", "--out", "out.csv"),
    "matrix diff": ("matrix", "diff", "m.csv", "m.csv"),
    "matrix verify": ("matrix", "verify", "m.csv", "--structure-only"),
    "merge": ("merge", "results/1.0.0/findings.jsonl", "--out", "g.jsonl"),
    "compare": ("compare", "1.0.0", "1.0.0"),
    "describe": ("describe", FITS, "--out", "d.jsonl"),
    "report": ("report", "results/1.0.0/findings.jsonl", "--out", "page", "--json"),
    "jobs": ("jobs", "--shards", "2"),
    "releases": ("releases", "--history", "h.md"),
    "cache info": ("cache", "info"),
    "cache prune": ("cache", "prune"),
}


def aic(
    words: tuple[str, ...], cwd: Path, shell: str = 'exec "$@"', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command from a line of bash, whose arguments it is.

    Args:
        words: The command.
        cwd: Where it is run.
        shell: The line.
        environment: What is different there.
    """
    return subprocess.run(
        ["/bin/bash", "-c", shell, "-", sys.executable, "-m", "harness.cli", *words],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
