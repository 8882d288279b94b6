"""However a command is made to end, nothing of it is left, and what it has done is kept."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks import run as running
from harness.checks.choice import Choice
from harness.results.stream import partial_path
from tests.fakes.console import FITS
from tests.fakes.surroundings import CHEAP, ROOT, aic

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = ("check", "--all", "--jobs", "2", "--quiet", "--results", "f.jsonl")


@contextlib.contextmanager
def started(words: tuple[str, ...], cwd: Path, temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def members(session: int) -> list[str]:
    """States of the processes of a session."""
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of = path.read_text().rpartition(")")[2].split()[:4]
            states += [state] if int(of) == session and state != "Z" else []
    return states


@pytest.mark.parametrize(
    ("number", "whom"),
    [
        (signal.SIGINT, "group"),
        (signal.SIGTERM, "process"),
        (signal.SIGTERM, "group"),
        (signal.SIGHUP, "group"),
        (signal.SIGKILL, "process"),
    ],
)
def test_a_check_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals, whom: str) -> None:
    journal, temporary = partial_path(tmp_path / "f.jsonl"), tmp_path / "tmp"
    with started(ALL, tmp_path, temporary) as process:
        until = time.monotonic() + 100
        while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        (os.kill if whom == "process" else os.killpg)(process.pid, number)
        out, err = process.communicate(timeout=60)
        until = time.monotonic() + 10
        while members(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert members(process.pid) == []
    if number is signal.SIGKILL:
        return
    assert process.returncode == 130
    assert b"Traceback" not in out + err
    assert b"interrupted: " in err
    assert b"died" not in journal.read_bytes()
    assert [path.name for path in temporary.iterdir()] == []


def test_a_cell_that_takes_more_memory_than_it_may_says_so(tmp_path: Path) -> None:
    where = ("--model", FITS, *CHEAP[2:])
    done = aic(("matrix", "run", *where, "--no-cache", "--max-memory", "50", "--out", "m.csv", "--json"), tmp_path)
    assert (done.returncode, json.loads(done.stdout)["counts"]["FAIL"]) == (0, 1)
    assert b"out of memory: " in (tmp_path / "m.csv").read_bytes()


def test_a_few_checks_can_be_isolated_and_find_the_same() -> None:
    found = []
    for isolated in (False, True):
        subject, _, plan = running.prepare(Choice((FITS,), ("is_moe",)), jobs=1, isolated=isolated)
        found.append(running.run(plan, subject).findings)
    assert found[0] == found[1] != ()


STUCK = """
import faulthandler
from harness.checks import run
from tests.fakes import faulty

faulthandler.enable()
with run._ended_if_stuck(0.5):
    faulty.do("hang-in-compiled-code")
"""


def test_a_check_that_compiled_code_never_returns_from_is_ended_with_a_trace(tmp_path: Path) -> None:
    script = tmp_path / "stuck.py"
    script.write_text(STUCK)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 1
    assert "Timeout (0:00:00.5" in done.stderr
    assert "in _hang_in_compiled_code" in done.stderr


def test_a_crash_in_compiled_code_says_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import ctypes, harness.reference.report as report\nreport.report_on = lambda *_: ctypes.string_at(0)\n"
    )
    done = aic(("plan", FITS), tmp_path, f'PYTHONPATH="{tmp_path}:$PYTHONPATH" exec "$@"')
    assert done.returncode == -signal.SIGSEGV
    assert b"Fatal Python error: Segmentation fault" in done.stderr
