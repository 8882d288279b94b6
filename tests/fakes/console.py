"""What tests of the console script ask it, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

# Two models on a small database: one that fits, and one whose FP4 the GPU does not have.
FITS, LACKS = "Qwen/Qwen3-0.6B", "nvidia/Qwen3-235B-A22B-NVFP4"
B60 = ("--system", "b60", "--backend", "vllm", "--version", "0.26.0")
CHEAP = ("matrix", "run", "--model", LACKS, *B60)


def refused(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """The one line that a refused command says."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("\n")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr
