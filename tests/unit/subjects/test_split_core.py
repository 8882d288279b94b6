"""The adapter on the real package; what it says is held against the package's own files."""

from __future__ import annotations

import csv
import io
import json
import re
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import aiconfigurator_core
import pytest
import yaml

import harness
from harness.coordinates import Cell, Database, Mode
from harness.matrix.requests import request_for
from harness.subjects.api import Answer, Capability, DataMode, Failure, Grid, Narrowing, Outcome, Subject

PACKAGE = Path(aiconfigurator_core.__file__).parent
SYSTEMS = PACKAGE / "systems"
A100 = Database("a100_sxm", "vllm", "0.14.0")
B60 = Database("b60", "vllm", "0.26.0")
NEXT = Database("l40s", "vllm", "0.27.0")
"""A version that holds no table of its own, so that it is read through the overlay."""


def config(model: str, kind: str = "config") -> dict[str, Any]:
    path = PACKAGE / "model_configs" / f"{model.replace('/', '--')}_{kind}.json"
    document: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return document


def cell(model: str, database: Database, mode: Mode = Mode.AGG) -> Cell:
    return Cell(model, database.system, database.backend, database.version, mode)


def search(subject: Subject, question: Cell, data_mode: DataMode = DataMode.SILICON) -> Outcome:
    request = request_for(subject.model_facts(question.model, question.backend).parameters, subject.info.version)
    opened = subject.open_search(question, request, data_mode)
    return opened if isinstance(opened, Failure) else opened.run(Narrowing(grid=Grid.FIRST, one_replica=True))


# Who it is


def test_subject_names_itself_and_what_it_can_do(subject: Subject) -> None:
    assert (subject.info.name, subject.info.version, subject.info.data_version) == (
        "aiconfigurator",
        "0.12.0",
        "0.12.0",
    )
    assert subject.info.note == ""
    assert subject.capabilities == frozenset(Capability)


# Coordinates


def test_roster_has_75_models_each_with_a_config(subject: Subject) -> None:
    roster = subject.roster()
    assert len(roster) == len(set(roster)) == 75
    assert list(roster) == sorted(roster)
    assert set(roster) <= set(subject.bundled_models())


def test_bundled_models_are_the_89_configs_of_the_package(subject: Subject) -> None:
    models = subject.bundled_models()
    files = [path.name for path in (PACKAGE / "model_configs").iterdir() if "_hf_quant_config" not in path.name]
    assert len(models) == 89
    assert sorted(f"{model.replace('/', '--')}_config.json" for model in models) == sorted(files)


def test_databases_are_the_53_slots_of_the_package(subject: Subject) -> None:
    databases = subject.databases()
    assert len(databases) == len(set(databases)) == 53
    assert list(databases) == sorted(databases)
    document = yaml.safe_load((SYSTEMS / "query_versions.yaml").read_text())
    current = {(backend, slots["current"]) for backend, slots in document["defaults"].items()}
    overridden = document["overrides"]
    for system in {each.system for each in databases}:
        slots = {(each.backend, each.version) for each in databases if each.system == system}
        own = {(backend, slot["current"]) for backend, slot in overridden.get(system, {}).items()}
        assert slots >= (own or current)


# Facts


def test_architecture_of_every_model_is_the_one_of_its_config(subject: Subject) -> None:
    for model in subject.roster():
        (architecture,) = config(model)["architectures"]
        assert subject.model_facts(model, "vllm").architecture == architecture


def test_quantization_of_every_model_is_the_one_of_its_checkpoint(subject: Subject) -> None:
    quantized = {model: config(model, "hf_quant_config").get("quantization") for model in subject.roster()}
    assert sum(1 for each in quantized.values() if each) > 20
    for model, quantization in quantized.items():
        facts = subject.model_facts(model, "vllm")
        assert facts.expert_dtype == config(model).get("expert_dtype", "")
        if quantization:
            assert facts.quant_algo == quantization["quant_algo"].lower()
            assert facts.kv_cache_quant_algo == (quantization.get("kv_cache_quant_algo") or "").lower()


@pytest.mark.parametrize(
    ("model", "needed", "algo"),
    [
        ("Qwen/Qwen3-32B", {"bfloat16"}, ""),
        ("Qwen/Qwen3-32B-FP8", {"fp8_block"}, "fp8_block"),
        ("nvidia/Llama-3.1-70B-Instruct-FP8", {"fp8_static", "fp8"}, "fp8"),
        ("nvidia/Qwen3-235B-A22B-NVFP4", {"nvfp4", "fp8"}, "nvfp4"),
        ("openai/gpt-oss-20b", {"w4a16_mxfp4"}, "mxfp4"),
        ("moonshotai/Kimi-K2.5", {"int4_wo"}, "compressed-tensors"),
    ],
)
def test_resolved_modes_follow_the_checkpoint(subject: Subject, model: str, needed: set[str], algo: str) -> None:
    facts = subject.model_facts(model, "vllm")
    assert facts.quant_modes >= needed
    assert facts.quant_algo == algo


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("Qwen/Qwen3-0.6B", 0.6),
        ("meta-llama/Meta-Llama-3.1-8B", 8.03),
        ("Qwen/Qwen3-32B", 32.8),
        ("meta-llama/Meta-Llama-3.1-70B", 70.6),
        ("Qwen/Qwen3-235B-A22B", 235.1),
        ("openai/gpt-oss-120b", 116.8),
        ("deepseek-ai/DeepSeek-V3", 671.0),
    ],
)
def test_parameters_are_those_of_the_model_card_within_the_roughness_of_the_estimate(
    subject: Subject, model: str, billions: float
) -> None:
    assert subject.model_facts(model, "vllm").parameters == pytest.approx(billions * 1e9, rel=0.15)


def test_parameters_do_not_depend_on_the_backend(subject: Subject) -> None:
    parameters = {
        subject.model_facts("deepseek-ai/DeepSeek-V3", each).parameters for each in ("vllm", "sglang", "trtllm")
    }
    assert len(parameters) == 1


def test_facts_of_every_system_are_those_of_its_file(subject: Subject) -> None:
    for system in sorted({each.system for each in subject.databases()}):
        gpu = yaml.safe_load((SYSTEMS / f"{system}.yaml").read_text())["gpu"]
        facts = subject.system_facts(system)
        assert facts.sm_version == gpu.get("sm_version")
        assert facts.spec_keys == set(gpu)


@pytest.mark.parametrize(
    ("system", "sm"),
    [("a100_sxm", 80), ("l40s", 89), ("h200_sxm", 90), ("b200_sxm", 100), ("gb300", 103), ("b60", None)],
)
def test_compute_capability_is_the_one_of_the_data_sheet(subject: Subject, system: str, sm: int | None) -> None:
    assert subject.system_facts(system).sm_version == sm


# Commands


def test_command_is_the_one_of_every_shipped_row(subject: Subject) -> None:
    shipped = sorted((SYSTEMS / "support_matrix").glob("*.csv"))
    rows = [row for path in shipped for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))]
    assert len(rows) == 6402
    assert {row["Status"] for row in rows if row["Command"]} >= {"PASS", "HYBRID_PASS", "FAIL", "HW_INCOMPATIBLE"}
    for row in rows:
        database = Database(row["System"], row["Backend"], row["Version"])
        question = cell(row["HuggingFaceID"], database, Mode(row["Mode"]))
        request = request_for(subject.model_facts(question.model, question.backend).parameters, subject.info.version)
        data_mode = DataMode.HYBRID if row["Status"] == "HYBRID_PASS" else DataMode.SILICON
        assert subject.command(question, request, data_mode) == row["Command"]


# Origin of data


def tables_of(database: Database) -> set[str]:
    folders = SYSTEMS.glob(f"data/{database.system}/*/{database.backend}/{database.version}")
    return {path.stem for folder in folders for path in folder.glob("*.parquet")}


@pytest.mark.parametrize(
    ("database", "label"),
    [
        (Database("b60", "vllm", "0.20.0"), "own"),
        (B60, "own"),
        (Database("a100_sxm", "sglang", "0.5.10"), "own"),
        (A100, "mixed"),
        (Database("l40s", "sglang", "0.5.16"), "mixed"),
        (Database("l40s", "trtllm", "1.3.0rc20"), "mixed"),
        (NEXT, "inherited"),
    ],
    ids=str,
)
def test_origin_of_data_is_what_the_folders_hold(subject: Subject, database: Database, label: str) -> None:
    origin = subject.data_origin(database)
    assert origin.label == label
    assert set(origin.own) == tables_of(database)
    inherited = dict(each.split("<-") for each in origin.inherited)
    assert len(inherited) == len(origin.inherited)
    assert not set(inherited) & set(origin.own)
    for table, version in inherited.items():
        assert list(SYSTEMS.glob(f"data/{database.system}/*/*/{version}/{table}.parquet"))
        assert version != database.version


# Searches


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("database", [B60, NEXT], ids=str)
def test_feasible_cell_is_answered_with_a_deployment(subject: Subject, database: Database, mode: Mode) -> None:
    outcome = search(subject, cell("Qwen/Qwen3-0.6B", database, mode))
    assert isinstance(outcome, Answer)
    assert outcome.best is not None
    assert {worker.role for worker in outcome.best.workers} == ({"agg"} if mode is Mode.AGG else {"prefill", "decode"})
    assert all(worker.memory_bytes > 2**30 for worker in outcome.best.workers)
    assert outcome.best.ttft_ms > 0
    assert outcome.best.tpot_ms > 0
    assert outcome.provenance <= {"silicon"}


FAILING = [
    cell("deepseek-ai/DeepSeek-V3", A100),
    cell("Qwen/Qwen3-235B-A22B", B60, Mode.DISAGG),
    cell("moonshotai/Kimi-K2.5", B60),
    cell("deepseek-ai/DeepSeek-V4-Flash", NEXT),
    cell("MiniMaxAI/MiniMax-M3", NEXT),
    cell("Qwen/Qwen3-0.6B", Database("b60", "vllm", "9.9")),
    cell("Qwen/Qwen3-0.6B", Database("no_gpu", "vllm", "0.24.0")),
    cell("Qwen/Qwen3-0.6B", Database("b60", "nothing", "0.26.0")),
]


@pytest.mark.parametrize("question", FAILING, ids=str)
def test_failure_tells_nothing_of_this_machine(subject: Subject, question: Cell) -> None:
    failure = search(subject, question)
    assert isinstance(failure, Failure)
    assert failure.messages[0].startswith(f"{failure.error_class}: ")
    assert failure.log.startswith("Traceback ")
    assert failure.error_class in failure.log
    folders = [
        SYSTEMS.parents[1],
        tempfile.gettempdir(),
        Path(harness.__file__).parents[1],
        sysconfig.get_path("stdlib"),
    ]
    for text in (*failure.messages, failure.log):
        assert [str(folder) for folder in folders if f"{folder}/" in text] == []
        assert not re.search(r"\b0x[0-9a-f]{6,}\b", text)


def test_missing_data_is_told_from_other_failures(subject: Subject) -> None:
    missing, refused = search(subject, FAILING[1]), search(subject, FAILING[2])
    assert isinstance(missing, Failure)
    assert isinstance(refused, Failure)
    assert (missing.missing_data, refused.missing_data) == (True, False)
    assert missing.messages[1].startswith("PerfDataNotAvailableError: ")


def test_nothing_that_the_subject_says_gets_out(subject: Subject, capfd: pytest.CaptureFixture[str]) -> None:
    search(subject, FAILING[1], DataMode.HYBRID)
    search(subject, FAILING[1])
    search(subject, cell("Qwen/Qwen3-8B", NEXT))
    subject.data_origin(Database("a100_sxm", "trtllm", "1.0.0"))
    subject.model_facts("nvidia/MiniMax-M3-NVFP4", "sglang")
    assert capfd.readouterr() == ("", "")


def test_released_database_can_be_opened_again(subject: Subject) -> None:
    question = cell("Qwen/Qwen3-0.6B", B60)
    first = search(subject, question)
    subject.release(B60)
    assert search(subject, question) == first
