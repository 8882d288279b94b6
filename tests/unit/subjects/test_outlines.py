"""A table that begins as an outline is the table that the subject builds, and is built only where it must be."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiconfigurator_core.sdk import engine_table_view, perf_database

from harness.coordinates import Cell, Database, Mode
from harness.matrix.requests import request_for
from harness.subjects import outlines as module
from harness.subjects.api import Answer, DataMode, Failure, Grid, Narrowing
from harness.subjects.outlines import Outlines, Table, outline_of
from harness.subjects.quiet import captured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.api import Outcome, Subject

A100 = Database("a100_sxm", "vllm", "0.14.0")
FULL = Database("l40s", "sglang", "0.5.14")
"""With rows of its own in most of the tables, and others on loan, of which the subject warns."""

ATTRIBUTES = tuple(engine_table_view.VIEW_KEY_LAYERS)


@pytest.fixture(params=[A100], ids=str)
def tables(subject: Subject, request: pytest.FixtureRequest) -> Iterator[Any]:
    database: Database = request.param
    view = perf_database.get_database_view(database.system, database.backend, database.version)
    yield view
    subject.release(database)


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


@pytest.mark.parametrize("tables", [A100, FULL], indirect=True, ids=str)
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


@pytest.mark.parametrize("table", [{"fp7": {"1": {}}}, {"fp8": {"1": {"x": {"latency": 1.0}}}}])
def test_a_key_that_the_subject_makes_nothing_of_is_refused_as_it_refuses_it(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, Any]
) -> None:
    layers = ({"fp8": 8}.__getitem__, int, int)
    build = vars(engine_table_view)["_rehydrate"]
    with pytest.raises((KeyError, ValueError)) as expected:
        build(table, layers, 0)
    monkeypatch.setitem(engine_table_view.VIEW_KEY_LAYERS, "_odd", layers)
    monkeypatch.setattr(module, "_fetch_table", lambda *_: vars(engine_table_view)["_rehydrate"](table, layers, 0))
    database = SimpleNamespace(enable_shared_layer=False)
    with Outlines().in_use(), pytest.raises(expected.type) as raised:
        engine_table_view.fetch_table_view(database, "_odd")
    assert raised.value.args == expected.value.args


def _search(subject: Subject, cell: Cell) -> Outcome:
    request = request_for(subject.model_facts(cell.model, cell.backend).parameters, subject.info.version)
    opened = subject.open_search(cell, request, DataMode.SILICON)
    return opened if isinstance(opened, Failure) else opened.run(Narrowing(grid=Grid.FIRST))


@pytest.mark.parametrize("tables", [FULL], indirect=True, ids=str)
def test_whose_rows_are_read_is_no_part_of_what_a_cell_says(tables: Any) -> None:  # noqa: ANN401
    def said() -> str:
        tables._source_reports_materialized = False  # noqa: SLF001
        tables._fallback_warned.clear()  # noqa: SLF001
        with captured() as capture:
            tables._materialize_source_reports()  # noqa: SLF001
        return capture.text

    assert "low-fidelity fallback rows" in said()
    with Outlines().in_use():
        assert said() == ""


@pytest.mark.parametrize(
    ("model", "database", "answer"),
    [("Qwen/Qwen3-30B-A3B", A100, Answer), ("MiniMaxAI/MiniMax-M2.7", FULL, Failure)],
)
def test_a_subject_that_recalls_a_database_answers_alike_and_builds_no_table(
    subject: Subject, builds: list[str], model: str, database: Database, answer: type[Outcome]
) -> None:
    cell = Cell(model, database.system, database.backend, database.version, Mode.AGG)
    _search(subject, cell)  # some warnings the subject gives once in a process
    subject.release(database)
    first, origin = _search(subject, cell), subject.data_origin(database)
    assert isinstance(first, answer)
    notes = subject.notes(database)
    assert builds
    subject.release(database)
    subject.recall(database, notes)
    del builds[:]
    assert (_search(subject, cell), subject.data_origin(database)) == (first, origin)
    assert builds == []
    assert subject.notes(database) == notes
    subject.release(database)


@pytest.mark.parametrize("notes", ["", "{", "[]", "{}", '{"outlines": {"odd": 1}, "origin": {}}'])
def test_notes_that_make_no_sense_are_none(subject: Subject, notes: str) -> None:
    database = Database("b60", "vllm", "0.20.0")
    subject.recall(database, notes)
    assert subject.notes(database) == ""


def test_nothing_is_noted_of_a_database_that_was_not_searched(subject: Subject) -> None:
    assert subject.notes(Database("b60", "vllm", "0.20.0")) == ""
