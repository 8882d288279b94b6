"""Adapters of older generations on the real packages; each test runs where its release is the installed one.

Expected figures are those of the packages' own files, or calculated from the config.
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, cast

import pytest

from harness.coordinates import Cell, Database, Mode
from harness.matrix.requests import request_for
from harness.subjects.api import Answer, Capability, DataMode, Failure, Grid, Layout, Narrowing
from harness.subjects.installed import load_subject
from harness.subjects.models import BuildRequest, Estimate, EstimateRequest, OpKind

if TYPE_CHECKING:
    from harness.subjects.models import BuiltModel, ModelSubject

INSTALLED = metadata.version("aiconfigurator")
OLDER = ("0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "0.10.0")
DENSE, MOE, MLA = "Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B", "deepseek-ai/DeepSeek-V3"
TP4 = Layout(4, 1, 1, 4, 1, 1)


pytestmark = pytest.mark.skipif(
    INSTALLED not in OLDER, reason=f"aiconfigurator {INSTALLED} is installed, not one of {', '.join(OLDER)}"
)


@pytest.fixture(scope="module")
def older() -> ModelSubject:
    return load_subject()


def built(subject: ModelSubject, model: str, layout: Layout = Layout(1, 1, 1, 1, 1, 1)) -> BuiltModel:  # noqa: B008 - frozen
    return subject.build(BuildRequest(model, layout=layout, precision="bf16"))


def test_it_says_who_it_is(older: ModelSubject) -> None:
    info = older.info
    assert (info.name, info.version, info.data_version, info.note) == ("aiconfigurator", INSTALLED, INSTALLED, "")
    assert {Capability.PARSE, Capability.BUILD, Capability.ESTIMATE, Capability.MATRIX} <= older.capabilities
    assert Capability.HYBRID not in older.capabilities


def test_models_that_it_ships_are_those_that_it_names_but_for_known_ones(older: ModelSubject) -> None:
    unnamed = {"0.8.0": {"zai-org/GLM-5-FP8"}}.get(older.info.version, set())
    assert {*older.bundled_models()} - older.default_models() == unnamed
    assert older.default_models() <= {*older.bundled_models()}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (DENSE, {"layers": 64, "hidden": 5120, "heads": 64, "kv_heads": 8, "head_dim": 128, "experts": 0}),
        (MOE, {"layers": 94, "hidden": 4096, "heads": 64, "kv_heads": 4, "head_dim": 128, "experts": 128, "top": 8}),
        (MLA, {"layers": 61, "hidden": 7168, "heads": 128, "kv_heads": 128, "experts": 256, "top": 8}),
    ],
)
def test_a_config_is_read(older: ModelSubject, model: str, expected: dict[str, int]) -> None:
    parsed = older.parse(model)
    assert {name: getattr(parsed, name) for name in expected} == expected
    assert older.architectures()[parsed.architecture] == parsed.family
    assert older.is_moe(model) is bool(expected["experts"])


def test_a_config_from_elsewhere_is_read_and_built_like_its_own(older: ModelSubject) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 1024,
        "num_hidden_layers": 3,
        "num_attention_heads": 16,
        "num_key_value_heads": 4,
        "intermediate_size": 4096,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
    }
    ref = older.reference(config)
    assert older.reference(dict(config)) == ref
    assert (older.parse(ref).layers, older.parse(ref).head_dim) == (3, 64)
    gemms = {op.name: op for op in built(older, ref).prefill if op.kind is OpKind.GEMM}
    qkv = gemms["context_qkv_gemm"]
    assert (qkv.count, qkv.rows, qkv.columns, qkv.component, qkv.part) == (3.0, 1536, 1024, "attention", "qkv")
    assert qkv.weight_bytes == 3 * 1536 * 1024 * 2
    assert "num_key_value_heads" in older.fields_read(config)


def test_ops_of_a_model_are_sorted_into_components(older: ModelSubject) -> None:
    for model in (DENSE, MOE, MLA):
        for op in (*built(older, model).prefill, *built(older, model).decode):
            assert op.component, op
    kinds = {op.kind for op in built(older, MLA).prefill}
    assert {OpKind.GEMM, OpKind.MLA, OpKind.MOE, OpKind.DISPATCH, OpKind.P2P} <= kinds


def test_a_cache_grows_by_keys_and_values_of_every_layer(older: ModelSubject) -> None:
    cache = built(older, DENSE, TP4).cache_bytes
    assert cache[1024] == 1024 * 64 * 2 * (8 // 4) * 128 * 2
    latent = built(older, MLA).cache_bytes
    assert latent[1024] == 1024 * 61 * 576 * 2


def test_a_static_batch_is_estimated(older: ModelSubject) -> None:
    database = next(each for each in older.databases() if (each.system, each.backend) == ("h100_sxm", "trtllm"))
    build = BuildRequest(DENSE, layout=TP4, precision="bf16")
    answer = cast("Estimate", older.estimate(EstimateRequest(build, database)))
    assert answer.ttft_ms == pytest.approx(sum(answer.prefill_ms.values()))
    assert answer.memory["weights"] == pytest.approx(older.build(build).weight_bytes["prefill"])
    assert answer.memory["total"] > answer.memory["weights"]
    assert answer.row["ttft"] == pytest.approx(answer.ttft_ms, abs=1e-3)
    older.release(database)


def test_a_datatype_without_rows_is_missing_data(older: ModelSubject) -> None:
    # Hopper has no rows of it in any release; up to 0.9 the look-up raises what it runs into.
    database = next(each for each in older.databases() if (each.system, each.backend) == ("h100_sxm", "trtllm"))
    answer = older.estimate(EstimateRequest(BuildRequest(DENSE, layout=TP4, precision="nvfp4"), database))
    assert isinstance(answer, Failure)
    assert answer.missing_data, answer.log
    older.release(database)


def test_a_key_that_a_loaded_table_lacks_is_missing_data(older: ModelSubject) -> None:
    tables = import_module("aiconfigurator.sdk.perf_database")
    if not hasattr(tables, "LoadedOpData") or Capability.PROVENANCE in older.capabilities:
        pytest.skip("tables are plain dictionaries, or the release itself says what lacks data")
    loaded = tables.LoadedOpData({"bfloat16": {}}, next(iter(tables.PerfDataFilename)), "moe_perf.txt")
    with pytest.raises(KeyError) as raised:
        loaded["fp8"]
    assert older._lacks_data(raised.value)  # type: ignore[attr-defined]  # noqa: SLF001


def test_what_it_raises_is_a_failure_without_paths(older: ModelSubject) -> None:
    answer = older.estimate(EstimateRequest(BuildRequest(DENSE), Database("h100_sxm", "trtllm", "0.0.0")))
    assert isinstance(answer, Failure)
    assert "site-packages" not in answer.log


@pytest.mark.parametrize("mode", list(Mode))
def test_a_cell_is_searched_in_parts(older: ModelSubject, mode: Mode) -> None:
    database = next(each for each in older.databases() if (each.system, each.backend) == ("h100_sxm", "trtllm"))
    cell = Cell(DENSE, database.system, database.backend, database.version, mode)
    request = request_for(older.model_facts(DENSE, "trtllm").parameters, older.info.version)
    search = older.open_search(cell, request, DataMode.SILICON)
    assert not isinstance(search, Failure), search.log
    if mode is Mode.AGG:
        part = Narrowing(agg=search.layouts("agg")[:1], grid=Grid.FIRST)
    else:
        assert (search.pairing().max_workers, search.pairing().prefill_kept) == (32, 32)
        shared = next(layout for layout in search.layouts("decode") if layout in search.layouts("prefill"))
        part = Narrowing(prefill=(shared,), decode=(shared,), grid=Grid.FIRST, one_replica=True)
    outcome = search.run(part)
    assert isinstance(outcome, Answer), outcome.log
    assert outcome.best is not None
    assert {worker.batch for worker in outcome.best.workers} == {1}
    wanted = (part.agg or ()) + (part.prefill or ())
    assert {worker.layout for worker in outcome.best.workers} == {*wanted}
    assert DENSE in older.command(cell, request, DataMode.SILICON)
    older.release(database)


def test_programs_that_findings_publish_run(older: ModelSubject, capsys: pytest.CaptureFixture[str]) -> None:
    build = BuildRequest(DENSE, layout=TP4, precision="bf16")
    exec(older.parse_snippet(DENSE), {})  # noqa: S102 - the program is the harness's own
    exec(older.build_snippet(build, DENSE, ("context_qkv_gemm",)), {})  # noqa: S102
    said = capsys.readouterr().out
    assert "is_moe False" in said
    assert "context_qkv_gemm 64" in said
