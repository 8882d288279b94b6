from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Database, Mode, Status
from harness.matrix.judge import Bench, full_search, judge
from harness.matrix.notes import Notes
from harness.subjects.api import Capability, DataMode, Failure, ModelFacts, SystemFacts
from tests.fakes.subjects import CELL, CRASH, EMPTY, MISS, POINT, FakeSubject, passing

if TYPE_CHECKING:
    from pathlib import Path

    from harness.subjects.api import Outcome

SILICON, HYBRID = DataMode.SILICON, DataMode.HYBRID


def test_a_point_on_measured_data_is_a_pass() -> None:
    verdict = judge(FakeSubject({SILICON: passing()}), CELL)
    assert (verdict.status, verdict.source, verdict.error) == (Status.PASS, "silicon", "")
    assert verdict.point == POINT
    assert verdict.command.endswith("SILICON")


def test_an_empty_result_is_a_failure_that_says_so_and_is_not_rescued() -> None:
    subject = FakeSubject({SILICON: EMPTY, HYBRID: passing("xop")})
    verdict = judge(subject, CELL)
    assert (verdict.status, verdict.source) == (Status.FAIL, "")
    assert verdict.error == "NoResult: the search ended without a deployment and without an error"
    assert HYBRID not in subject.asked


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 0.0, -1.0])
@pytest.mark.parametrize("figure", ["ttft_ms", "tpot_ms", "tokens_per_s_per_gpu"])
def test_an_estimate_that_is_no_positive_number_is_a_failure(figure: str, wrong: float) -> None:
    broken = passing(point=replace(POINT, **{figure: wrong}))  # type: ignore[arg-type]
    verdict = judge(FakeSubject({SILICON: broken, HYBRID: broken}), CELL)
    assert verdict.status is Status.FAIL
    assert verdict.error.startswith("NoResult: the estimate is not a positive number")
    assert verdict.point is None


def test_missing_data_is_rescued_by_an_estimate() -> None:
    subject = FakeSubject({SILICON: MISS, HYBRID: passing("xshape", "xquant")})
    verdict = judge(subject, CELL)
    assert (verdict.status, verdict.source, verdict.error) == (Status.HYBRID_PASS, "xquant", "")
    assert verdict.command.endswith("HYBRID")
    assert verdict.log == "trace"
    assert subject.asked == [SILICON, HYBRID]


def test_a_rescue_never_counts_as_measured() -> None:
    verdict = judge(FakeSubject({SILICON: MISS, HYBRID: passing()}), CELL)
    assert (verdict.status, verdict.source) == (Status.HYBRID_PASS, "empirical")


@pytest.mark.parametrize(
    "failure",
    [CRASH, Failure("InsufficientMemoryError", ("InsufficientMemoryError: too big",), missing_data=False, log="")],
    ids=lambda failure: failure.error_class,
)
def test_a_programming_error_or_lack_of_memory_does_not_hide_behind_an_estimate(failure: Failure) -> None:
    subject = FakeSubject({SILICON: failure, HYBRID: passing("xshape")})
    verdict = judge(subject, CELL)
    assert verdict.status is Status.FAIL
    assert verdict.error == failure.messages[0]
    assert subject.asked == [SILICON]


@pytest.mark.parametrize("hybrid", [CRASH, EMPTY, MISS], ids=["crash", "empty", "miss"])
def test_a_rescue_that_fails_keeps_the_first_error(hybrid: Outcome) -> None:
    verdict = judge(FakeSubject({SILICON: MISS, HYBRID: hybrid}), CELL)
    assert verdict.status is Status.FAIL
    assert verdict.error == "PerfDataNotAvailableError: no rows"
    assert verdict.command.endswith("SILICON")


# What compiled code of the subject raises when it panics is no Exception.
Panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})


class TimeIsUp(BaseException):
    """What a test runner raises at its time limit."""


@pytest.mark.parametrize("error", [ZeroDivisionError("no"), Panic("no"), SystemExit("no")], ids=repr)
def test_whatever_the_subject_raises_costs_its_cell_only(error: BaseException) -> None:
    verdict = judge(FakeSubject({SILICON: error}), CELL)
    assert (verdict.status, verdict.error) == (Status.FAIL, f"{type(error).__name__}: no")
    assert "Traceback" in verdict.log
    assert "Traceback" not in verdict.error


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), TimeIsUp()], ids=repr)
def test_ctrl_c_and_time_limits_are_not_answers_of_the_subject(interruption: BaseException) -> None:
    with pytest.raises(type(interruption)):
        judge(FakeSubject({SILICON: interruption}), CELL)


class Unreadable(FakeSubject):
    """A subject that cannot read the model's config."""

    def model_facts(self, model: str, backend: str) -> ModelFacts:
        raise ValueError(f"{model} has no layers for {backend}")


def test_a_model_that_the_subject_cannot_read_is_a_failure() -> None:
    verdict = judge(Unreadable({}), CELL)
    assert (verdict.status, verdict.architecture) == (Status.FAIL, "")
    assert verdict.error == "ValueError: Org/Model has no layers for vllm"


def test_data_of_an_unknown_provenance_is_a_failure() -> None:
    verdict = judge(FakeSubject({SILICON: passing("guesswork")}), CELL)
    assert verdict.status is Status.FAIL
    assert verdict.error.startswith("ValueError: data of the unknown provenance 'guesswork'")


def test_a_subject_that_cannot_transfer_data_is_not_asked_to() -> None:
    subject = FakeSubject({SILICON: MISS}, capabilities=frozenset({Capability.MATRIX}))
    verdict = judge(subject, CELL)
    assert (verdict.status, verdict.origin, subject.asked) == (Status.FAIL, None, [SILICON])


def test_measured_data_that_is_not_measured_fails_and_is_not_rescued() -> None:
    subject = FakeSubject({SILICON: passing("xshape"), HYBRID: passing("xshape")})
    verdict = judge(subject, CELL)
    assert verdict.status is Status.FAIL
    assert "'xshape'" in verdict.error
    assert subject.asked == [SILICON]


def test_hardware_is_asked_before_any_search() -> None:
    facts = ModelFacts("LlamaForCausalLM", 8e9, frozenset({"nvfp4"}), "nvfp4", "fp8", "")
    subject = FakeSubject({}, facts=facts, system=SystemFacts(80, frozenset()))
    verdict = judge(subject, CELL)
    assert verdict.status is Status.HW_INCOMPATIBLE
    assert verdict.error == "h200_sxm (SM80) lacks FP4 and FP8, which Org/Model needs"
    assert (subject.asked, verdict.origin, verdict.points_tried) == ([], None, 0)


@pytest.mark.parametrize("capable", [True, False])
def test_gaps_are_named_only_where_the_release_has_names_for_them(capable: bool) -> None:
    gap = _fails_with("Unsupported gemm quant mode 'fp8_static'")
    able = frozenset({Capability.MATRIX, *([Capability.GAPS] if capable else [])})
    verdict = judge(FakeSubject({SILICON: gap}, capabilities=able), CELL)
    assert verdict.status is (Status.FRAMEWORK_INCOMPATIBLE if capable else Status.FAIL)


def test_hardware_is_left_to_the_search_of_a_release_that_has_no_name_for_its_gaps() -> None:
    facts = ModelFacts("LlamaForCausalLM", 8e9, frozenset({"nvfp4"}), "nvfp4", "fp8", "")
    able = frozenset({Capability.MATRIX})
    subject = FakeSubject({SILICON: passing()}, facts=facts, system=SystemFacts(80, frozenset()), capabilities=able)
    assert judge(subject, CELL).status is Status.PASS


def _fails_with(message: str) -> Failure:
    return Failure("RuntimeError", ("RuntimeError: no result", f"ValueError: {message}"), missing_data=False, log="")


def test_a_known_framework_gap_is_named_and_may_be_rescued() -> None:
    gap = _fails_with("Unsupported gemm quant mode 'fp8_static'")
    lost = judge(FakeSubject({SILICON: gap, HYBRID: CRASH}), CELL)
    assert lost.status is Status.FRAMEWORK_INCOMPATIBLE
    assert lost.error == "RuntimeError: ValueError: Unsupported gemm quant mode 'fp8_static'"
    assert judge(FakeSubject({SILICON: gap, HYBRID: passing("xop")}), CELL).status is Status.HYBRID_PASS


def test_a_known_hardware_gap_is_named_and_never_rescued() -> None:
    cell = replace(CELL, system="l40s")
    gap = replace(_fails_with("Unsupported gemm quant mode 'fp8_block'"), missing_data=True)
    subject = FakeSubject({SILICON: gap, HYBRID: passing("xshape")})
    assert judge(subject, cell).status is Status.HW_INCOMPATIBLE
    assert subject.asked == [SILICON]


def test_an_error_is_one_short_line_whatever_the_subject_says() -> None:
    message = "first\nsecond\r\n\tthird " + "x" * 2000
    verdict = judge(FakeSubject({SILICON: _fails_with(message)}), CELL)
    assert verdict.error.startswith("RuntimeError: ValueError: first second third xxx")
    assert len(verdict.error) == 400


def test_the_exhaustive_judge_asks_the_subjects_own_full_search() -> None:
    verdict = judge(FakeSubject({SILICON: MISS, HYBRID: passing("xop")}), CELL, full_search)
    assert (verdict.status, verdict.source, verdict.points_tried) == (Status.HYBRID_PASS, "xop", 2)


def test_a_bench_gives_back_each_database_once_its_cells_are_done() -> None:
    subject = FakeSubject({SILICON: passing()})
    bench = Bench(subject)
    for cell in (CELL, replace(CELL, mode=Mode.DISAGG), replace(CELL, version="2.0.0")):
        bench.judge(cell)
    assert subject.released == [CELL.database]
    bench.close()
    assert subject.released == [CELL.database, Database("h200_sxm", "vllm", "2.0.0")]


def test_a_bench_recalls_what_is_known_of_a_database_and_takes_down_what_is_new(tmp_path: Path) -> None:
    subject = FakeSubject({SILICON: passing()})
    other = replace(CELL, version="2.0.0")
    notes = Notes(tmp_path)
    notes.keep(CELL.database, "kept")
    bench = Bench(subject, notes=notes)
    bench.judge(CELL)
    assert subject.known == {CELL.database: "recalled kept"}
    subject.known |= {CELL.database: "kept and more", other.database: "new"}
    bench.judge(other)
    assert (notes.of(CELL.database), notes.of(other.database)) == ("kept and more", "")
    bench.close()
    assert (subject.known[other.database], notes.of(other.database)) == ("new", "new")
