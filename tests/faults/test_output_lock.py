"""Two runs never write to one place, and a dead one holds nobody up."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import OutputError
from harness.results.output_lock import held
from tests.fakes.clusters import ROOT, eventually
from tests.fakes.console import CHEAP

if TYPE_CHECKING:
    from collections.abc import Iterator

AIC = (sys.executable, "-m", "harness.cli")

HOLD = """
import sys, time
from pathlib import Path
from harness.results.output_lock import held

with held(*map(Path, sys.argv[1:])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def _holder(*places: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, *map(str, places)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "held\n"
        try:
            yield it
        finally:
            it.kill()


def _refused(*words: str | Path) -> str:
    done = subprocess.run([*AIC, *map(str, words)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    return done.stderr


def test_a_second_run_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    out, lock = tmp_path / "m.csv", tmp_path / "m.run.lock"
    command = [*AIC, *CHEAP, "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as first:
        eventually(lambda: lock.exists() and lock.read_text().endswith("}"))
        first.send_signal(signal.SIGSTOP)
        try:
            said = _refused(*CHEAP, "--out", out, "--resume")
            # The evidence has the same name.
            assert "writes to it" in _refused(*CHEAP, "--out", tmp_path / "m.txt")
            assert "writes to it" in _refused("merge", tmp_path / "part", "--out", out)
        finally:
            first.send_signal(signal.SIGCONT)
        _, stderr = first.communicate()
    assert first.returncode == 0, stderr
    holder = rf"process {first.pid} on '{re.escape(platform.node())}' since '\d{{4}}-\d\d-\d\dT[\d:]+\+00:00'"
    found = rf"found that {holder} \('aic-harness matrix run .*'\) writes to it; expected no other run\. Wait for"
    assert re.match(rf"error: {re.escape(str(out))}: {found}", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.csv", "m.evidence.parquet"]


def test_findings_are_held_too(tmp_path: Path) -> None:
    results = tmp_path / "findings.jsonl"
    with _holder(results):
        said = _refused("check", "Qwen/Qwen3-0.6B", "--check", "is_moe", "--results", results, "--quiet")
    assert said.startswith(f"error: {results}: found that process ")


def test_a_lock_that_a_dead_run_has_left_holds_nobody_up(tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    with _holder(out) as holder, pytest.raises(OutputError, match=f"found that process {holder.pid} on "), held(out):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["m.run.lock"]
    with held(out):
        assert f'"process": {os.getpid()}' in (tmp_path / "m.run.lock").read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"process": "\x1b[31m"}', b"\xff"])
def test_a_lock_that_says_nothing_sensible_is_one_all_the_same(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "m.csv"
    with _holder(out):
        (tmp_path / "m.run.lock").write_bytes(content)
        with pytest.raises(OutputError, match="found that another run writes to it; expected no other run"), held(out):
            pass


def test_one_run_may_write_to_places_of_one_name(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    with held(tmp_path / "m.csv", folder, None):
        assert (tmp_path / "m.run.lock").exists()


def test_a_place_that_cannot_be_locked_is_one_line(tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    (tmp_path / "m.run.lock").mkdir()
    with pytest.raises(OutputError, match=r"m\.run\.lock: found Is a directory; expected a place"), held(out):
        pass
    # Not even root can make a folder there.
    with pytest.raises(OutputError, match="expected a place that can be written"), held(Path("/proc/none/m.csv")):
        pass


def test_a_lock_is_not_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "m.run.lock").symlink_to(elsewhere)
    with pytest.raises(OutputError, match=r"m\.run\.lock: found "), held(tmp_path / "m.csv"):
        pass
    assert elsewhere.read_text() == "mine"
