from __future__ import annotations

import pytest

from harness.coordinates import Cell, Database, Mode
from harness.data_files import data_path
from harness.matrix import shards
from harness.matrix.shards import PIECE_S, cells_of_shard, costs_text, pieces
from harness.subjects.installed import load_subject

COSTS = {"a": 100.0, "b": 60.0, "c": 50.0, "d": 1.0}


def _cells(databases: str, each: int = 2) -> tuple[Cell, ...]:
    return tuple(Cell(f"m{n}", name, "vllm", "1", Mode.AGG) for name in databases for n in range(each))


@pytest.fixture
def _costs(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = tuple(
        shards._Cost(database=f"{name}/vllm/1", cells=10, seconds=took)  # noqa: SLF001
        for name, took in COSTS.items()
    )
    monkeypatch.setattr(shards, "_costs", lambda: shards._Costs(start_s=2.0, costs=costs))  # noqa: SLF001


def _systems(cells: tuple[Cell, ...]) -> str:
    return "".join(sorted({cell.system for cell in cells}))


@pytest.mark.usefixtures("_costs")
def test_the_costliest_database_goes_where_least_is_to_do() -> None:
    cells = _cells("abcd", 10)
    assert [_systems(cells_of_shard(cells, number, 2)) for number in (1, 2)] == ["ad", "bc"]
    assert [_systems(cells_of_shard(cells, number, 3)) for number in (1, 2, 3)] == ["a", "b", "cd"]


@pytest.mark.usefixtures("_costs")
def test_few_cells_of_a_costly_database_cost_little() -> None:
    cells = (*_cells("a", 1), *_cells("b", 10), *_cells("c", 10))
    assert [_systems(cells_of_shard(cells, number, 2)) for number in (1, 2)] == ["b", "ac"]


@pytest.mark.usefixtures("_costs")
@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_cell_is_in_one_shard_and_databases_stay_together(of: int) -> None:
    cells = _cells("abcdx")
    parts = [cells_of_shard(cells, number, of) for number in range(1, of + 1)]
    assert sorted(cell for part in parts for cell in part) == sorted(cells)
    homes = [{cell.database for cell in part} for part in parts]
    assert sum(map(len, homes)) == 5
    assert all(list(part) == [cell for cell in cells if cell in part] for part in parts)


@pytest.mark.usefixtures("_costs")
def test_a_database_is_done_in_pieces_of_like_size() -> None:
    cells = _cells("a", 25)
    parts = pieces(cells)
    assert [cell for part in parts for cell in part] == list(cells)
    assert [len(part) for part in parts] == [2] * 12 + [1]
    assert 2 * COSTS["a"] / 10 <= PIECE_S
    assert pieces(_cells("d", 25)) == [_cells("d", 25)]
    assert pieces(cells[:1]) == [cells[:1]]


def test_costs_are_written_as_they_are_read() -> None:
    text = costs_text([("b/vllm/1", 1.25), ("a/vllm/1", 2.0), ("b/vllm/1", 1.0)])
    assert text.index('"a/vllm/1"\ncells = 1\nseconds = 2.0') < text.index('"b/vllm/1"\ncells = 2\nseconds = 2.2')


def test_every_database_of_the_release_has_a_cost() -> None:
    known = {cost.database for cost in shards._costs().costs}  # noqa: SLF001
    assert {str(database) for database in load_subject().databases()} == known
    assert data_path("fixtures", "database_costs.toml").read_text().startswith("# Seconds")


def test_a_database_without_a_cost_counts_as_the_median() -> None:
    costs = shards._costs()  # noqa: SLF001
    rates = sorted(cost.seconds / cost.cells for cost in costs.costs)
    assert costs.of(Database("new", "vllm", "1"), 10) == pytest.approx(costs.start_s + 10 * rates[len(rates) // 2])
