"""A unit of work that goes wrong costs itself, and nothing is left behind."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.running.groups import run_group, run_here, run_on
from harness.running.records import Cause, Done, Limits, Lost
from tests.fakes import faulty

ROOT = Path(__file__).parents[2]


NO_LIMITS = Limits()


def _run(units: list[str], limits: Limits = NO_LIMITS) -> dict[str, Done[str] | Lost]:
    return dict(run_here([units], faulty.ready, limits, jobs=1))


@pytest.mark.parametrize(
    ("unit", "cause", "reason", "said"),
    [
        ("segfault", Cause.CRASHED, "signal SIGSEGV", "Segmentation fault"),
        ("abort", Cause.CRASHED, "signal SIGABRT", "Fatal Python error: Aborted"),
        ("kill", Cause.CRASHED, "signal SIGKILL", ""),
        ("exit 7", Cause.CRASHED, "exit code 7", ""),
        ("exit 0", Cause.CRASHED, "exit code 0", ""),
        ("raise", Cause.CRASHED, "exit code 1", "OutsideError: not for you"),
        ("memory-error", Cause.OUT_OF_MEMORY, "exit code 71", "MemoryError"),
    ],
)
def test_a_unit_that_a_process_dies_over_costs_itself(unit: str, cause: Cause, reason: str, said: str) -> None:
    outcomes = _run(["a", unit, "b"])
    assert (outcomes["a"], outcomes["b"]) == (Done("A"), Done("B"))
    lost = outcomes[unit]
    assert isinstance(lost, Lost)
    assert (lost.cause, lost.reason, lost.begun) == (cause, reason, True)
    assert said in lost.log
    assert str(ROOT) not in lost.log


@pytest.mark.parametrize("unit", ["hang", "hang-in-compiled-code"])
def test_a_unit_that_hangs_is_ended(unit: str) -> None:
    outcomes = _run(["a", unit, "b"], Limits(seconds=1.0))
    assert (outcomes["a"], outcomes["b"]) == (Done("A"), Done("B"))
    lost = outcomes[unit]
    assert isinstance(lost, Lost)
    assert str(lost) == "timeout: no answer in 1 s"
    assert ("in _hang" in lost.log) == (unit == "hang")


def test_a_unit_that_takes_too_much_memory_is_ended() -> None:
    outcomes = _run(["a", "grow 300", "b"], Limits(memory_bytes=200 << 20))
    assert (outcomes["a"], outcomes["b"]) == (Done("A"), Done("B"))
    lost = outcomes["grow 300"]
    assert isinstance(lost, Lost)
    assert str(lost).startswith("out of memory: ")
    assert str(lost).endswith(" MiB, more than 200 MiB")


def test_a_unit_that_floods_its_output_is_done_and_keeps_nobody_waiting(capfd: pytest.CaptureFixture[str]) -> None:
    assert _run(["flood 50", "b"]) == {"flood 50": Done("FLOOD 50"), "b": Done("B")}
    assert capfd.readouterr() == ("", "")


def test_the_log_of_a_crash_is_the_last_that_was_printed() -> None:
    (lost,) = (outcome for _, outcome in run_here([["flood 1"]], _flooding_then_crashing, Limits(), jobs=1))
    assert isinstance(lost, Lost)
    assert lost.log.endswith("the end\n")
    assert len(lost.log) <= 1 << 16


@contextlib.contextmanager
def _flooding_then_crashing():  # type: ignore[no-untyped-def]  # noqa: ANN202
    def work(unit: str) -> None:
        faulty.do(unit)
        os.write(1, b"the end\n")
        os._exit(1)

    yield work


def test_a_unit_is_tried_once_more_alone(tmp_path: Path) -> None:
    unit = f"crash-once {tmp_path / 'marker'}"
    log = tmp_path / "log"
    log.mkdir()
    work = functools.partial(faulty.counting, str(log))
    outcomes = dict(run_here([["a", unit, "b"]], work, Limits(), jobs=1))
    assert outcomes == {"a": Done("A"), unit: Done(unit.upper()), "b": Done("B")}
    assert sorted(path.read_text().splitlines() for path in log.iterdir()) == sorted([["a", unit], [unit], ["b"]])


def test_a_group_that_cannot_begin_is_given_up_and_another_is_not() -> None:
    outcomes = [outcome for _, outcome in run_here([["a", "b"], ["c"]], faulty.never_ready, Limits(), jobs=2)]
    assert [outcome.begun for outcome in outcomes if isinstance(outcome, Lost)] == [False] * 3


def test_a_group_in_which_nothing_works_is_given_up() -> None:
    units = [f"exit {code}" for code in range(1, 9)]
    outcomes = [outcome for _, outcome in run_here([units], faulty.ready, Limits(), jobs=1)]
    assert [outcome.begun for outcome in outcomes if isinstance(outcome, Lost)] == [True] * 5 + [False] * 3


def test_the_next_unit_begins_once_the_outcome_before_it_was_taken(tmp_path: Path) -> None:
    work = functools.partial(faulty.counting, str(tmp_path))
    for begun, _ in enumerate(run_here([["a", "b", "c"]], work, Limits(), jobs=1), 1):
        time.sleep(0.2)
        (log,) = tmp_path.iterdir()
        assert len(log.read_text().splitlines()) == begun


def test_any_executor_will_do() -> None:
    groups = [["a", "exit 1"], ["b"]]
    with ThreadPoolExecutor(2) as executor:
        outcomes = dict(run_on(executor, groups, functools.partial(run_group, faulty.ready, Limits())))
    assert (outcomes["a"], outcomes["b"]) == (Done("A"), Done("B"))
    assert str(outcomes["exit 1"]) == "crashed: exit code 1"


def test_a_group_is_told_once_it_is_done_and_nothing_is_left_waiting(tmp_path: Path) -> None:
    task = functools.partial(run_group, functools.partial(faulty.counting, str(tmp_path)), Limits())
    with ThreadPoolExecutor(2) as executor:
        outcomes = run_on(executor, [["nap 3"], ["a"], ["b"], ["nap 1"], ["c"]], task)
        assert [next(outcomes)[0] for _ in range(2)] == ["a", "b"]
        outcomes.close()
    assert "c" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_no_process_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _run(["a", "exit 1", "hang"], Limits(seconds=1.0))
    assert list(tmp_path.iterdir()) == []
    assert _children(os.getpid()) == []


PARENT = """
from harness.running.groups import run_here
from harness.running.records import Limits
from tests.fakes import faulty

if __name__ == "__main__":
    for unit, _ in run_here([["a", "{unit}"], ["b", "{unit}"]], faulty.ready, Limits(), jobs=2):
        print(unit, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("unit", ["hang", "hang-in-compiled-code"])
def test_no_process_outlives_its_parent(tmp_path: Path, number: signal.Signals, unit: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(unit=unit))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    assert {parent.stdout.readline(), parent.stdout.readline()} == {b"a\n", b"b\n"}
    time.sleep(0.3)
    children = _children(parent.pid)
    assert len(children) >= 2
    parent.send_signal(number)
    parent.wait(10)
    parent.stdout.close()
    until = time.monotonic() + 5
    while any(_alive(child) for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert [child for child in children if _alive(child)] == []


def _children(pid: int) -> list[int]:
    """Child processes, but for the one that Python keeps to clean up after it."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
