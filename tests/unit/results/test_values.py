"""Figures of two matrices: what changed, by how much, and on whose data."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.matrix.evidence import read_evidence, write_evidence
from harness.results.values import Figures, diff_values, figures_of
from harness.subjects.api import SubjectInfo
from tests.fakes.results import feasible

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (Cell(name, "h100_sxm", "vllm", "1.10", Mode.AGG) for name in "abc")
SAME = Figures({"ttft_ms": 10.0, "tpot_ms": 2.0}, "tp8", "own")


def other(data: str = "own", deployment: str = "tp8", **values: float) -> Figures:
    return Figures(dict(SAME.values) | values, deployment, data)


def test_equal_figures_are_no_change_and_neither_are_last_bits() -> None:
    made = diff_values({A: SAME, B: SAME}, {A: SAME, B: other(ttft_ms=10.000000000001), C: SAME})
    assert (made.changes, made.inherited, made.cells) == ((), (), 2)


def test_the_largest_change_comes_first_up_or_down_alike() -> None:
    made = diff_values(
        {A: SAME, B: SAME, C: SAME}, {A: other(ttft_ms=20.0), B: other(tpot_ms=0.5), C: other(ttft_ms=10.1)}
    )
    assert [(change.cell.model, change.quantity, change.ratio) for change in made.changes] == [
        ("b", "tpot_ms", 0.25),
        ("a", "ttft_ms", 2.0),
        ("c", "ttft_ms", pytest.approx(1.01)),
    ]


@pytest.mark.parametrize(("old", "new"), [(0.0, 5.0), (5.0, 0.0), (5.0, -5.0), (1e-300, 1e300)])
def test_what_has_no_finite_ratio_is_the_largest_change_of_all(old: float, new: float) -> None:
    made = diff_values({A: other(ttft_ms=old), B: SAME}, {A: other(ttft_ms=new), B: other(ttft_ms=1e6)})
    assert [(change.cell.model, change.ratio, change.size) for change in made.changes] == [
        ("a", None, math.inf),
        ("b", 1e5, pytest.approx(math.log(1e5))),
    ]


def test_a_figure_that_one_side_lacks_is_a_change() -> None:
    bare = Figures({"tpot_ms": 2.0}, "tp8", "own")
    (change,) = diff_values({A: SAME}, {A: bare}).changes
    assert (change.quantity, change.old, change.new, change.ratio) == ("ttft_ms", 10.0, None, None)
    assert diff_values({A: bare}, {A: bare}).changes == ()


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [("own", "own", False), ("own", "mixed", True), ("inherited", "own", True), ("", "own", False), ("", "", False)],
)
def test_inherited_data_on_either_side_is_set_apart(before: str, after: str, *, apart: bool) -> None:
    made = diff_values({A: other(before)}, {A: other(after, ttft_ms=11.0)})
    assert (len(made.changes), len(made.inherited)) == ((0, 1) if apart else (1, 0))


def test_figures_of_different_deployments_are_marked() -> None:
    changes = diff_values({A: SAME, B: SAME}, {A: other(deployment="tp4", ttft_ms=11.0), B: other(ttft_ms=11.0)})
    assert [change.same_deployment for change in changes.changes] == [False, True]


def test_evidence_gives_the_figures_of_cells_with_a_deployment(tmp_path: Path) -> None:
    point = feasible(A, ttft_ms=12.5).point
    assert point is not None
    verdicts = [
        feasible(A, ttft_ms=12.5),
        replace(feasible(B), point=replace(point, ttft_ms=math.nan, tpot_ms=math.inf)),
        replace(feasible(C), point=None),
    ]
    path = tmp_path / "m.evidence.parquet"
    write_evidence(verdicts, SubjectInfo("aiconfigurator", "0.12.0", "0.12.0"), path)
    read = figures_of(read_evidence(path))
    assert set(read) == {A, B}
    assert dict(read[A].values) == {
        "ttft_ms": 12.5,
        "tpot_ms": 3.25,
        "tokens_per_s_per_gpu": 640.0,
        "agg_memory_bytes": 80.0 * 2**30,
    }
    assert (read[A].deployment, read[A].data) == ("agg 1 x tp8, batch 4", "own")
    assert set(read[B].values) == {"tokens_per_s_per_gpu", "agg_memory_bytes"}
