from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.coordinates import Cell, Database, Mode, Status
from harness.data_files import data_path
from harness.matrix.cells import all_cells
from harness.matrix.sample import covering_sample
from harness.matrix.store import read_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from harness.subjects.api import Subject


def made_up(cells: Iterable[Cell]) -> dict[Cell, Status | None]:
    """Everything passes but for one rare cell of each other status."""
    statuses: dict[Cell, Status | None] = dict.fromkeys(cells, Status.PASS)
    rare = list(statuses)[7 :: len(statuses) // 5]
    return statuses | dict(zip(rare, [each for each in Status if each is not Status.PASS], strict=False))


@pytest.fixture(scope="module")
def cells(subject: Subject) -> tuple[Cell, ...]:
    return all_cells(subject)


@pytest.fixture(scope="module", params=["made up", "recorded"])
def statuses(request: pytest.FixtureRequest, cells: tuple[Cell, ...]) -> Mapping[Cell, Status | None]:
    if request.param == "made up":
        return made_up(cells)
    path = data_path("support_matrix.csv")
    return read_matrix(path).statuses if path.stat().st_size else {}


def versions(cells: Iterable[Cell]) -> set[tuple[str, str]]:
    return {(cell.backend, cell.version) for cell in cells}


def test_sample_of_the_real_cells_covers_everything(
    cells: tuple[Cell, ...], statuses: Mapping[Cell, Status | None]
) -> None:
    sample = covering_sample(cells, statuses)
    assert {cell.model for cell in sample} == {cell.model for cell in cells}
    assert {cell.system for cell in sample} == {cell.system for cell in cells}
    assert {cell.mode for cell in sample} == set(Mode)
    assert versions(sample) == versions(cells)
    assert {statuses[cell] for cell in sample if cell in statuses} == set(statuses.values())


def test_sample_of_the_real_cells_is_small(cells: tuple[Cell, ...], statuses: Mapping[Cell, Status | None]) -> None:
    sample = covering_sample(cells, statuses)
    # A database has one system and one version, so there cannot be fewer of them than of either.
    fewest = max(len({cell.system for cell in cells}), len(versions(cells)))
    assert len({cell.database for cell in sample}) <= fewest + len(Status)
    assert len(sample) <= 2 * 75 + len(Status)


def test_sample_depends_on_its_arguments_alone(cells: tuple[Cell, ...], statuses: Mapping[Cell, Status | None]) -> None:
    again = covering_sample(cells, dict(reversed(list(statuses.items()))))
    assert again == covering_sample(cells, statuses)
    assert list(again) == [cell for cell in cells if cell in set(again)]


def test_without_a_recorded_matrix_models_systems_and_versions_are_covered(cells: tuple[Cell, ...]) -> None:
    sample = covering_sample(cells, {})
    assert {cell.model for cell in sample} == {cell.model for cell in cells}
    assert {cell.system for cell in sample} == {cell.system for cell in cells}
    assert versions(sample) == versions(cells)


def test_rare_status_is_looked_for_on_databases_that_are_loaded_anyway() -> None:
    cells = product([Database(system, "b", version) for system in ("s1", "s2") for version in "12"], ["m1", "m2"])
    first = covering_sample(cells, {})
    loaded = {cell.database for cell in first}
    rare = [cell for cell in cells if cell not in first]
    assert {cell.database in loaded for cell in rare} == {True, False}
    statuses = dict.fromkeys(cells, Status.PASS) | dict.fromkeys(rare, Status.FAIL)
    (added,) = set(covering_sample(cells, statuses)) - set(first)
    assert statuses[added] is Status.FAIL
    assert added.database in loaded


def test_cell_without_a_status_is_no_status_to_cover() -> None:
    cells = product([Database("s", "b", "1")], ["m1"])
    assert covering_sample(cells, dict.fromkeys(cells, None)) == covering_sample(cells, {})


def product(databases: Iterable[Database], models: Iterable[str]) -> tuple[Cell, ...]:
    return tuple(
        Cell(model, database.system, database.backend, database.version, mode)
        for database in sorted(databases)
        for model in sorted(models)
        for mode in Mode
    )


DATABASES = st.sets(
    st.builds(Database, st.sampled_from(["s1", "s2", "s3"]), st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])),
    min_size=1,
)


@given(DATABASES, st.integers(1, 8), st.randoms(use_true_random=False))
def test_any_roster_and_any_databases_are_covered(databases: set[Database], models: int, random: Random) -> None:
    cells = product(databases, [f"m{place}" for place in range(models)])
    statuses = {cell: random.choice([*Status, None]) for cell in cells}
    sample = covering_sample(cells, statuses)
    assert {cell.model for cell in sample} == {cell.model for cell in cells}
    assert {cell.system for cell in sample} == {cell.system for cell in cells}
    assert versions(sample) == versions(cells)
    assert {statuses[cell] for cell in sample} >= set(statuses.values()) - {None}
