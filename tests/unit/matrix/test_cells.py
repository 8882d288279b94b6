from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.errors import FilterError
from harness.matrix.cells import Filters, all_cells, select

if TYPE_CHECKING:
    from harness.subjects.api import Subject

CELLS = tuple(
    Cell(model, system, backend, version, mode)
    for system, backend, version in [("a100", "vllm", "1.1"), ("h100", "trtllm", "2.0rc1"), ("h100", "vllm", "1.10")]
    for model in ("Org/M-7B", "Org/M-70B", "other/m")
    for mode in Mode
)


def test_cells_are_roster_by_databases_by_modes(subject: Subject) -> None:
    cells = all_cells(subject)
    assert len(cells) == len(set(cells)) == 75 * 53 * 2
    assert {cell.model for cell in cells} == set(subject.roster())
    assert {cell.database for cell in cells} == set(subject.databases())


def test_cells_of_a_database_stand_together_and_in_order(subject: Subject) -> None:
    groups = [(database, list(cells)) for database, cells in groupby(all_cells(subject), lambda cell: cell.database)]
    assert [database for database, _ in groups] == sorted(subject.databases())
    assert all(cells == sorted(cells) for _, cells in groups)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 18),
        (Filters(models=("Org/M-7B",)), 6),
        (Filters(models=("Org/*",)), 12),
        (Filters(models=("Org/M-7?",)), 6),
        (Filters(models=("*/[mM]",)), 6),
        (Filters(models=("Org/M-7B", "other/m")), 12),
        (Filters(models=("Org/M-7B", "Org/*")), 12),
        (Filters(systems=("h100",)), 12),
        (Filters(backends=("vllm",)), 12),
        (Filters(versions=("1.1",)), 6),
        (Filters(versions=("1.1*",)), 12),
        (Filters(modes=("agg",)), 9),
        (Filters(modes=("*agg",)), 18),
        (Filters(("Org/*",), ("h*",), ("vllm",), ("1.10",), ("disagg",)), 2),
    ],
)
def test_cell_passes_when_each_coordinate_matches_one_pattern(filters: Filters, count: int) -> None:
    chosen = select(CELLS, filters)
    assert len(chosen) == count
    assert list(chosen) == [cell for cell in CELLS if cell in set(chosen)]


def test_each_coordinate_is_compared_with_its_own_patterns() -> None:
    (cell,) = select(CELLS, Filters(("other/m",), ("h100",), ("trtllm",), ("2.0rc1",), ("agg",)))
    assert cell == Cell("other/m", "h100", "trtllm", "2.0rc1", Mode.AGG)


@pytest.mark.parametrize(
    ("filters", "option", "pattern", "existing"),
    [
        (Filters(models=("nope",)), "--model", "nope", "Org/M-70B, Org/M-7B, other/m"),
        (Filters(models=("Org/M-7B", "nope*")), "--model", "nope*", "Org/M-70B, Org/M-7B, other/m"),
        (Filters(models=("org/m-7b",)), "--model", "org/m-7b", "Org/M-7B"),
        (Filters(models=("M-70",)), "--model", "M-70", "Org/M-70B"),
        (Filters(systems=("H100",)), "--system", "H100", "h100"),
        (Filters(systems=("b200",)), "--system", "b200", "a100, h100"),
        (Filters(backends=("sglang",)), "--backend", "sglang", "trtllm, vllm"),
        (Filters(versions=("1",)), "--version", "1", "1.1, 1.10, 2.0rc1"),
        (Filters(modes=("both",)), "--mode", "both", "agg, disagg"),
    ],
)
def test_pattern_that_matches_nothing_is_answered_with_what_is_near_or_all_there_is(
    filters: Filters, option: str, pattern: str, existing: str
) -> None:
    with pytest.raises(FilterError) as caught:
        select(CELLS, filters)
    assert (caught.value.where, caught.value.found) == (option, f"{pattern!r}, which matches nothing")
    assert caught.value.expected == f"an exact value or a glob over what exists: {existing}"


def test_long_lists_are_cut_and_say_so() -> None:
    cells = [Cell(f"m{place:02}", "s", "b", "v", Mode.AGG) for place in range(15)]
    with pytest.raises(FilterError) as caught:
        select(cells, Filters(models=("x",)))
    assert caught.value.expected.endswith("m10, m11 and 3 more")
    with pytest.raises(FilterError) as caught:
        select(cells[:12], Filters(models=("x",)))
    assert caught.value.expected.endswith("m10, m11")


@pytest.mark.parametrize(
    ("filters", "combinations"),
    [
        (Filters(systems=("a100",), backends=("trtllm",)), "a100/vllm/1.1"),
        (Filters(systems=("h100",), versions=("1.1",)), "h100/trtllm/2.0rc1, h100/vllm/1.10"),
        (
            Filters(backends=("trtllm",), versions=("1.*",)),
            "a100/vllm/1.1, h100/trtllm/2.0rc1, h100/vllm/1.10",
        ),
    ],
)
def test_filters_that_exclude_each_other_are_answered_with_databases_that_exist(
    filters: Filters, combinations: str
) -> None:
    with pytest.raises(FilterError) as caught:
        select(CELLS, filters)
    assert caught.value.found == "no cell that passes all of them"
    assert caught.value.expected == f"a combination that exists, such as {combinations}"


def test_filters_are_true_when_any_is_given() -> None:
    assert not Filters()
    assert all(Filters(**{name: ("x",)}) for name in ("models", "systems", "backends", "versions", "modes"))
