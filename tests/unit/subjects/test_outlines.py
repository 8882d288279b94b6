"""A table that begins as an outline is the table that the subject builds, and is built only where it must be."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from aiconfigurator_core.sdk import engine_table_view, perf_database

from harness.coordinates import Cell, Database, Mode
from harness.matrix.requests import request_for
from harness.subjects import outlines as module
from harness.subjects.api import Answer, DataMode, Failure, Grid, Narrowing
from harness.subjects.outlines import Outlines, Table, outline_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.api import Outcome, Subject

A100 = Database("a100_sxm", "vllm", "0.14.0")
ATTRIBUTES = tuple(engine_table_view.VIEW_KEY_LAYERS)


@pytest.fixture
def tables(subject: Subject) -> Iterator[Any]:
    del subject
    view = perf_database.get_database_view(A100.system, A100.backend, A100.version)
    yield view
    perf_database.unload_database(A100.system, A100.backend, A100.version)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tables that the subject was asked for."""
    asked: list[str] = []
    fetch = vars(module)["_fetch_table"]

    def counted(database: object, attribute: str) -> object:
        asked.append(attribute)
        return fetch(database, attribute)

    monkeypatch.setattr(module, "_fetch_table", counted)
    return asked


def _remembered(outlines: Outlines) -> Outlines:
    return Outlines(**json.loads(json.dumps(dataclasses.asdict(outlines))))


def _plain(level: object) -> object:
    return [(key, _plain(below)) for key, below in level.items()] if isinstance(level, Mapping) else level


def test_every_table_is_the_one_that_the_subject_builds(tables: Any) -> None:  # noqa: ANN401
    built = {name: engine_table_view.fetch_table_view(tables, name) for name in ATTRIBUTES}
    outlines = Outlines()
    for _ in range(2):
        with outlines.in_use():
            found = {name: engine_table_view.fetch_table_view(tables, name) for name in ATTRIBUTES}
        assert {name: table is None for name, table in found.items()} == {
            name: table is None for name, table in built.items()
        }
        for name, table in found.items():
            assert table is None or isinstance(table, Table)
            assert _plain(table) == _plain(built[name]), name
            assert bool(table) is bool(built[name]), name
        outlines = _remembered(outlines)


def test_names_are_asked_without_building(tables: Any, builds: list[str]) -> None:  # noqa: ANN401
    outlines = Outlines()
    with outlines.in_use():
        first = tables.supported_quant_mode["gemm"]
    assert builds == ["_gemm_data", "_compute_scale_data", "_scale_matrix_data"]
    with _remembered(outlines).in_use():
        table = engine_table_view.fetch_table_view(tables, "_gemm_data")
        assert sorted(key.name for key in table) == first
        assert "fp8" not in table
        assert table
        assert len(builds) == 3
        assert next(iter(next(iter(next(iter(table.values())).values())).values()))
    assert builds[3:] == []


def test_whoever_looks_for_a_figure_has_the_table_built_once(tables: Any, builds: list[str]) -> None:  # noqa: ANN401
    outlines = Outlines({"_gemm_data, inherited rows too": {"bfloat16": None}})
    with outlines.in_use():
        table = engine_table_view.fetch_table_view(tables, "_gemm_data")
    level = next(iter(table.values()))
    assert builds == []
    assert len(level) > 1
    assert level == level  # noqa: PLR0124 - it looks at every figure
    assert builds == ["_gemm_data"]


def test_lanes_are_the_subjects_and_counted_once(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    names = ("_context_attention_data", "_generation_attention_data")
    fetch = engine_table_view.fetch_attention_lane_density
    expected = [fetch(tables, name, shared_layer=shared) for name in names for shared in (None, False)]
    assert any(expected)
    outlines = Outlines()
    for _ in range(2):
        with outlines.in_use():
            fetch = engine_table_view.fetch_attention_lane_density
            assert [fetch(tables, name, shared_layer=shared) for name in names for shared in (None, False)] == expected
        outlines = _remembered(outlines)
        monkeypatch.setattr(module, "_fetch_lanes", None)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (100, {"fp8": {"1": None, "2": {}}, "bf16": {}, "nvfp4": None}),
        (4, {"fp8": None, "bf16": {}, "nvfp4": None}),
    ],
)
def test_an_outline_ends_above_the_figures_and_within_its_limit(limit: int, expected: dict[str, object]) -> None:
    figures = {"latency": 1.0}
    table = {"fp8": {"1": {"8": figures}, "2": {}}, "bf16": {}, "nvfp4": {"1": figures}}
    assert outline_of(table, limit) == expected


def _search(subject: Subject, cell: Cell) -> Outcome:
    request = request_for(subject.model_facts(cell.model, cell.backend).parameters, subject.info.version)
    opened = subject.open_search(cell, request, DataMode.SILICON)
    assert not isinstance(opened, Failure)
    outcome = opened.run(Narrowing(grid=Grid.FIRST))
    assert isinstance(outcome, Answer)
    return dataclasses.replace(outcome, log="")


def test_a_subject_that_recalls_a_database_answers_alike_and_builds_no_table(
    subject: Subject, builds: list[str]
) -> None:
    cell = Cell("Qwen/Qwen3-30B-A3B", A100.system, A100.backend, A100.version, Mode.AGG)
    subject.release(A100)
    first, origin = _search(subject, cell), subject.data_origin(A100)
    notes = subject.notes(A100)
    assert builds
    subject.release(A100)
    subject.recall(A100, notes)
    del builds[:]
    assert (_search(subject, cell), subject.data_origin(A100)) == (first, origin)
    assert builds == []
    assert subject.notes(A100) == notes
    subject.release(A100)


def test_nothing_is_noted_of_a_database_that_was_not_searched(subject: Subject) -> None:
    assert subject.notes(Database("b60", "vllm", "0.20.0")) == ""
