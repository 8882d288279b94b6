"""A cell that the subject dies over fails; its neighbours are judged as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.coordinates import Cell, Mode, Status
from harness.matrix.run import Plan, run
from harness.running.records import Limits
from tests.fakes.faulty_subject import write_faulty_subject

if TYPE_CHECKING:
    from pathlib import Path

    from harness.matrix.records import Verdict

BAD = "Qwen/Qwen3-1.7B"
CELLS = tuple(
    Cell(model, "a100_sxm", "vllm", "0.14.0", mode)
    for model in ("Qwen/Qwen3-0.6B", BAD, "Qwen/Qwen3-8B")
    for mode in Mode
)


def _comparable(verdicts: tuple[Verdict, ...]) -> list[Verdict]:
    return [replace(verdict, seconds=0.0) for verdict in verdicts if verdict.cell.model != BAD]


def test_a_cell_that_the_subject_dies_over_fails_alone(tmp_path: Path) -> None:
    subject = write_faulty_subject(tmp_path, BAD, "print('x' * 10_000_000); os.kill(os.getpid(), 11)")
    whole = run(Plan(CELLS), lambda _: None)
    hurt = run(Plan(CELLS, subject_path=subject), lambda _: None)
    assert (hurt.unjudged, hurt.crashes) == ((), ())
    assert _comparable(hurt.verdicts) == _comparable(whole.verdicts)
    lost = [verdict for verdict in hurt.verdicts if verdict.cell.model == BAD]
    assert {(verdict.status, verdict.error) for verdict in lost} == {(Status.FAIL, "crashed: signal SIGSEGV")}
    assert all("in validate" in verdict.log for verdict in lost)


def test_a_cell_that_takes_too_long_fails_and_says_so() -> None:
    (verdict,) = run(Plan(CELLS[:1], limits=Limits(seconds=0.01)), lambda _: None).verdicts
    assert (verdict.status, verdict.error) == (Status.FAIL, "timeout: no answer in 0.01 s")
    assert "File" in verdict.log
