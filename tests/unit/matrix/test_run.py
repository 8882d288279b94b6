from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.matrix.run import Plan, run
from harness.matrix.store import read_matrix
from harness.running.records import Cause, Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from harness.matrix.records import Verdict

MODEL = "Qwen/Qwen3-0.6B"
CELLS = tuple(
    Cell(MODEL, system, "vllm", version, mode)
    for system, version in (("a100_sxm", "0.14.0"), ("b60", "0.26.0"))
    for mode in Mode
)


def _write_subject(folder: Path, body: str) -> Path:
    """A subject that passes for release 0.12.0 until it is imported."""
    for name in ("aiconfigurator", "aiconfigurator_core"):
        info = folder / f"{name}-0.12.0.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.12.0\n")
        folder.joinpath(f"{name}.py").write_text(body)
    return folder


def test_cells_are_grouped_by_database() -> None:
    groups = Plan(CELLS).groups()
    assert [len(cells) for _, cells in groups] == [2, 2]
    assert [str(database) for database, _ in groups] == ["a100_sxm/vllm/0.14.0", "b60/vllm/0.26.0"]


def _plan(databases: int, models: int, jobs: int = 2) -> Plan:
    names = [f"Org/{number}" for number in range(models)]
    return Plan(
        tuple(Cell(name, f"s{at:02}", "vllm", "1.0", Mode.AGG) for at in range(databases) for name in names), jobs=jobs
    )


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (_plan(53, 2), [14, 14, 14, 11]),
        (_plan(53, 75), [1] * 53),
        (_plan(20, 20, jobs=1), [3, 3, 3, 3, 3, 3, 2]),
        (_plan(2, 1), [1, 1]),
        (_plan(0, 0), []),
    ],
)
def test_databases_with_few_cells_share_a_process(plan: Plan, expected: list[int]) -> None:
    bundles = plan.bundles()
    assert [len(bundle) for bundle in bundles] == expected
    assert [cell for bundle in bundles for cells in bundle for cell in cells] == list(plan.cells)


_LOST = Lost(Cause.CRASHED, "signal SIGSEGV", "")


@dataclass
class _Dying:
    """Runs groups in processes that die: over cells that `begun` names, or before they come to them.

    Attributes:
        begun: Cells that a process has begun.
        interrupted_in: Round in which the user presses Ctrl-C once all is told.
        rounds: Groups of each round.
    """

    begun: Callable[[Cell], bool]
    interrupted_in: int = 0
    rounds: list[list[tuple[Cell, ...]]] = field(default_factory=list)

    def __call__(self, groups: Sequence[Sequence[Cell]], *_: object, **__: object) -> Generator[tuple[Cell, Lost]]:
        self.rounds.append([tuple(cells) for cells in groups])
        # Processes beside one another tell of their cells in turn.
        for cell in (cell for cells in zip_longest(*groups) for cell in cells if cell):
            yield cell, replace(_LOST, begun=self.begun(cell))
        if len(self.rounds) == self.interrupted_in:
            raise KeyboardInterrupt


def test_databases_left_over_by_a_process_that_was_given_up_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(6, 3, jobs=1)
    dying = _Dying(lambda cell: cell == plan.cells[0])
    monkeypatch.setattr("harness.matrix.run.run_here", dying)
    result = run(plan, lambda _: None)
    first, second = dying.rounds
    assert [len(cells) for cells in first] == [9, 9]
    assert second == [plan.cells[1:3], *(cells for _, cells in plan.groups()[1:])]
    assert [verdict.cell for verdict in result.verdicts] == [plan.cells[0]]
    assert len(result.crashes) == 6


def test_a_database_that_was_the_fault_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(3, 9, jobs=1)
    dying = _Dying(lambda cell: cell in plan.cells[:5])
    monkeypatch.setattr("harness.matrix.run.run_here", dying)
    result = run(plan, lambda _: None)
    assert dying.rounds[1:] == [[plan.cells[9:18]]]
    assert result.unjudged == plan.cells[5:]
    assert len(result.crashes) == 3


@pytest.mark.parametrize(("round_", "crashes"), [(1, 6), (2, 6)])
def test_what_died_is_told_when_the_user_ends_a_run(monkeypatch: pytest.MonkeyPatch, round_: int, crashes: int) -> None:
    dying = _Dying(lambda _: False, interrupted_in=round_)
    monkeypatch.setattr("harness.matrix.run.run_here", dying)
    result = run(_plan(6, 1, jobs=1), lambda _: None)
    assert result.interrupted
    assert len(result.crashes) == crashes


def test_each_cell_of_a_full_search_has_a_process() -> None:
    plan = replace(_plan(3, 2), exhaustive=True)
    assert [len(bundle) for bundle in plan.bundles()] == [1] * 6


@pytest.mark.parametrize("jobs", [1, 2])
def test_verdicts_come_in_one_by_one_and_are_returned_in_order(jobs: int) -> None:
    seen: list[Verdict] = []
    result = run(Plan(CELLS, jobs=jobs), seen.append)
    assert [verdict.cell for verdict in result.verdicts] == list(CELLS)
    assert {verdict.cell for verdict in seen} == set(CELLS)
    assert (result.unjudged, result.interrupted, result.crashes) == ((), False, ())


@pytest.mark.parametrize(
    ("body", "reason"),
    [("import os; os._exit(7)", "exit code 7"), ("import os; os.kill(os.getpid(), 9)", "signal SIGKILL")],
)
def test_a_process_that_dies_is_named_and_its_cells_have_no_verdict(tmp_path: Path, body: str, reason: str) -> None:
    subject = _write_subject(tmp_path, body)
    result = run(Plan(CELLS, jobs=2, subject_path=subject), lambda _verdict: None)
    assert result.verdicts == ()
    assert result.unjudged == CELLS
    assert sorted(result.crashes) == [
        f"{database}: the process that judged it died ({reason})" for database, _ in Plan(CELLS).groups()
    ]


def test_ctrl_c_keeps_what_is_done_in_a_file_of_its_own_and_leaves_no_process(tmp_path: Path) -> None:
    out = tmp_path / "matrix.csv"
    out.write_text("untouched")
    command = [sys.executable, "-m", "harness.cli", "matrix", "run", "--out", str(out), "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "cells," in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: " in stderr
    assert "Traceback" not in stderr
    assert out.read_text() == "untouched"
    assert read_matrix(out.with_suffix(".partial.csv")).rows
    assert _group_is_gone(process.pid)


def _group_is_gone(group: int) -> bool:
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
