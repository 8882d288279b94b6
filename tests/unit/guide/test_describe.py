from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.guide import describe
from harness.guide.describe import chosen, describe_all, places_to_ask
from harness.reference.report import report_on
from harness.results.model_records import PricedPart
from harness.results.models_file import read_models
from harness.running.records import Cause, Lost
from tests.fakes.console import refused

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from harness.results.model_records import Description
    from harness.results.models_file import ModelsFile
    from harness.subjects.models import ModelSubject

    Aic = Callable[..., subprocess.CompletedProcess[str]]

TIED, SCOUT = "Qwen/Qwen3-0.6B", "meta-llama/Llama-4-Scout-17B-16E-Instruct"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, run_python: Aic) -> ModelsFile:
    """Two models, as the command describes them."""
    path = tmp_path_factory.mktemp("models") / "models.jsonl"
    done = run_python("-m", "harness.cli", "describe", TIED, SCOUT, "--out", str(path), "--json", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["counts"] == {"described": 2, "refused": 0}
    return read_models(path)


def components(description: Description) -> dict[str, tuple[int | None, int | None, float | None]]:
    return {each.name: (each.reference, each.oracle, each.subject) for each in description.components}


def test_parameters_stand_beside_each_other(file: ModelsFile) -> None:
    tied = components(file.models[TIED])
    table = 151936 * 1024
    # The subject holds the tied head a second time, which is a known issue.
    assert tied["embedding"] == (table, table, table)
    assert tied["head"] == (0, 0, table)
    assert tied["dense_ffn"] == (28 * 3 * 1024 * 3072,) * 3
    assert sum(reference or 0 for reference, _, _ in tied.values()) == file.models[TIED].total


def test_layers_of_the_reference_have_an_order_and_those_of_the_subject_a_number(file: ModelsFile) -> None:
    scout = file.models[SCOUT]
    kinds = [scout.mixers.kinds[code] for code in scout.mixers.codes]
    assert kinds == ["chunked", "chunked", "chunked", "full"] * 12
    decode = {(each.part, each.kind): (each.expected, each.actual) for each in scout.priced if each.phase == "decode"}
    # The subject takes every second layer for full attention, which is a known issue.
    assert decode["mixer", "full"] == (12, 24.0)
    assert decode["mixer", "chunked"] == (36, 24.0)
    assert decode["ffn", "moe"] == (48, 48.0)
    assert PricedPart(phase="decode", part="ffn", kind="moe", expected=48, actual=48.0) in scout.priced


def test_the_cache_is_that_of_the_plan(file: ModelsFile) -> None:
    cache = file.models[TIED].cache
    assert cache.reference == tuple(float(2 * 28 * 2 * 8 * 128 * length) for length in cache.lengths)
    assert cache.subject == cache.reference
    assert report_on(TIED, cache.lengths).kv_cache[cache.lengths[-1]] == cache.reference[-1]


def test_times_by_op_add_up_to_the_estimate_which_is_not_below_its_bound(file: ModelsFile) -> None:
    for description in file.models.values():
        breakdown = description.breakdown
        assert breakdown
        assert sum(op.ms for op in breakdown.prefill) == pytest.approx(breakdown.ttft_ms)
        assert breakdown.tpot_ms is not None
        assert sum(op.ms for op in breakdown.decode) == pytest.approx(breakdown.tpot_ms)
        assert breakdown.prefill_bound
        assert breakdown.decode_bound
        assert 0 < breakdown.prefill_bound.compute <= breakdown.ttft_ms
        assert 0 < breakdown.decode_bound.memory <= breakdown.tpot_ms
        kinds = {op.kind for op in breakdown.prefill}
        assert {"gemm", "attention"} <= kinds
        assert "other" not in kinds
        assert str(file.databases[breakdown.database]).startswith("h200_sxm/trtllm/")


def test_what_a_model_needs_is_found_on_databases(file: ModelsFile) -> None:
    (need,) = file.models[TIED].needs
    assert (need.kind, need.known) == ("full", True)
    assert file.databases[need.databases[0]].system == "a100_sxm"


def test_tables_are_own_where_the_engine_says_so(file: ModelsFile, installed: ModelSubject) -> None:
    gemm = {table.database for table in file.tables if table.name == "gemm_perf" and not table.source}
    database = next(table.database for table in file.tables if table.source and table.database in gemm)
    origin = installed.data_origin(database)
    tables = {table.name: table.source for table in file.tables if table.database == database}
    assert {name for name, source in tables.items() if not source} == set(origin.own)
    assert origin.inherited
    assert {name for name, source in tables.items() if source} == {each.partition("<-")[0] for each in origin.inherited}


def test_a_model_that_processes_die_over_is_described_without_the_subject(
    installed: ModelSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Lost(Cause.CRASHED, "signal SIGSEGV", "")
    monkeypatch.setattr(describe, "run_here", lambda groups, *_: ((unit, lost) for group in groups for unit in group))
    ((model, description),) = describe_all([TIED], installed)
    assert model == TIED
    assert (description.refusal, description.no_breakdown) == ("crashed: signal SIGSEGV",) * 2
    assert description.breakdown is None
    assert components(description)["embedding"] == (151936 * 1024, 151936 * 1024, None)
    assert description.needs


def test_the_preferred_databases_exist(installed: ModelSubject) -> None:
    assert [f"{each.system}/{each.backend}" for each in places_to_ask(installed)][:2] == [
        "h200_sxm/trtllm",
        "b200_sxm/trtllm",
    ]


def test_models_are_chosen_once(tmp_path: Path) -> None:
    assert chosen([TIED, "Qwen/Qwen3-0.*"]) == (TIED,)
    assert len(chosen(())) > 80
    assert chosen((), tmp_path) == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no model"),
        ((TIED, "--all"), "a model and --all"),
        (("Org/Nobody",), "Org/Nobody"),
        (("Org/*",), "matches nothing"),
        ((TIED, "--out", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_bad_input_is_one_line(run_python: Aic, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(run_python("-m", "harness.cli", "describe", *arguments))
