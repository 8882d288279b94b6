"""Where measured rows answer: on tables made for the test, and on the real ones, against what the release answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import aiconfigurator_core
import pytest

from harness.coordinates import Database
from harness.guide.coverage import needs
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.subjects.api import DataMode, Failure
from harness.subjects.models import ONE_GPU, BuildRequest, EstimateRequest, Need
from harness.subjects.table_sources import TableSources
from harness.subjects.tables import measured

if TYPE_CHECKING:
    from harness.subjects.models import Measured, ModelSubject

SYSTEMS = Path(aiconfigurator_core.__file__).parent / "systems"
OLD, NEW = Database("gpu", "vllm", "1.9"), Database("gpu", "vllm", "1.10")
OTHER = Database("gpu", "sglang", "3.0")
ALL = (OLD, NEW, OTHER)


def write(folder: Path, database: Database, name: str, **columns: list[object]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only these tests write tables
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    path = folder / "data" / database.system / "ops" / database.backend / database.version / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    length = len(next(iter(columns.values())))
    pq.write_table(pa.table({"kernel_source": ["default"] * length, **columns}), path)


def share(folder: Path, table: str, kernel: str, *backends: str, tier: str = "shared") -> None:
    group = f"{{op_file: {table}.parquet, kernel_source: {kernel}, tier: {tier}, frameworks: [{', '.join(backends)}]}}"
    (folder / "perf_data_reuse_manifest.yaml").write_text(f"groups: [{group}]", encoding="utf-8")


def write_attention(folder: Path, database: Database, **columns: list[object]) -> None:
    for phase in ("context", "generation"):
        write(folder, database, f"{phase}_attention_perf", **columns)


def where(folder: Path, need: Need) -> tuple[Database, ...]:
    (found,) = measured(folder, ALL, [need])
    return found.databases


def attention(heads: int, kv_heads: int, dim: int = 128, reach: int = 0) -> Need:
    sizes = {"hidden": 64, "heads": heads, "kv_heads": kv_heads, "dim": dim, "reach": reach}
    return Need("window" if reach else "full", tuple(sizes.items()))


EXPERTS = Need("moe", (("width", 64), ("inner", 32), ("top", 2), ("experts", 8)))
EXPERT_ROW: dict[str, list[object]] = {"hidden_size": [64], "inter_size": [32], "topk": [2], "num_experts": [8]}


# Rules -------------------------------------------------------------------------------------------------------------


def test_rows_of_any_number_of_query_heads_answer_for_grouped_attention(tmp_path: Path) -> None:
    write_attention(
        tmp_path, NEW, num_heads=[8, 4], num_key_value_heads=[2, 4], head_dim=[128, 128], window_size=[0, 0]
    )
    assert where(tmp_path, attention(32, 8)) == (NEW,)
    assert where(tmp_path, attention(30, 6)) == ()
    assert where(tmp_path, attention(32, 8, dim=64)) == ()
    assert where(tmp_path, attention(32, 8, reach=512)) == ()


def test_multi_head_attention_takes_rows_of_multi_head_attention_alone(tmp_path: Path) -> None:
    write_attention(tmp_path, NEW, num_heads=[8], num_key_value_heads=[8], head_dim=[128], window_size=[0])
    write_attention(tmp_path, OTHER, num_heads=[64], num_key_value_heads=[8], head_dim=[128], window_size=[0])
    assert where(tmp_path, attention(40, 40)) == (NEW,)
    assert where(tmp_path, attention(64, 8)) == (OTHER,)


def test_a_table_without_a_window_column_answers_where_there_is_no_window(tmp_path: Path) -> None:
    write_attention(tmp_path, NEW, num_heads=[8], num_key_value_heads=[4], head_dim=[128])
    assert where(tmp_path, attention(8, 4)) == (NEW,)
    assert where(tmp_path, attention(8, 4, reach=512)) == ()


def test_both_phases_must_be_measured(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {"num_heads": [8], "num_key_value_heads": [4], "head_dim": [128]}
    write(tmp_path, NEW, "context_attention_perf", **columns)
    assert where(tmp_path, attention(8, 4)) == ()
    write(tmp_path, NEW, "generation_attention_perf", **columns)
    assert where(tmp_path, attention(8, 4)) == (NEW,)


@pytest.mark.parametrize("column", EXPERT_ROW)
def test_experts_are_measured_in_their_very_shape(column: str, tmp_path: Path) -> None:
    other: list[object] = [1]
    write(tmp_path, NEW, "moe_perf", **(EXPERT_ROW | {column: other}))
    assert where(tmp_path, EXPERTS) == ()
    write(tmp_path, NEW, "moe_perf", **EXPERT_ROW)
    assert where(tmp_path, EXPERTS) == (NEW,)


def test_dimensions_that_only_one_row_each_has_do_not_make_a_shape(tmp_path: Path) -> None:
    rows: dict[str, list[object]] = {
        "hidden_size": [64, 1],
        "inter_size": [1, 32],
        "topk": [2, 2],
        "num_experts": [8, 8],
    }
    write(tmp_path, NEW, "moe_perf", **rows)
    assert where(tmp_path, EXPERTS) == ()


def test_a_recurrent_layer_needs_rows_of_the_recurrence_itself(tmp_path: Path) -> None:
    sizes = {"hidden": 64, "heads": 8, "dim": 16, "state": 32}
    columns: dict[str, list[object]] = {"d_model": [64], "nheads": [8], "head_dim": [16], "d_state": [32]}
    need = Need("mamba2", tuple(sizes.items()))
    write(tmp_path, NEW, "mamba2_perf", **columns, kernel_source=["causal_conv1d_fn"])
    assert where(tmp_path, need) == ()
    write(tmp_path, NEW, "mamba2_perf", **columns, kernel_source=["mamba_chunk_scan_combined"])
    assert where(tmp_path, need) == (NEW,)


def test_a_kind_without_a_table_is_not_known(tmp_path: Path) -> None:
    (found,) = measured(tmp_path, ALL, [Need("wavelet", (("hidden", 64),))])
    assert not found.known
    assert found.databases == ()


def test_a_window_without_key_value_heads_is_priced_as_compressed_attention() -> None:
    plan = plan_for(HFConfig.load("deepseek-ai/DeepSeek-V4-Flash"))
    by_kind = {need.kind: need for need in needs(plan)}
    window, hca = measured(SYSTEMS, [Database("h200_sxm", "vllm", "0.24.0")], [by_kind["window"], by_kind["hca"]])
    assert window.databases == hca.databases != ()


def test_a_window_with_key_value_heads_is_not(tmp_path: Path) -> None:
    for phase in ("context", "generation"):
        write(tmp_path, NEW, f"dsv4_hca_{phase}_module_perf", num_heads=[64])
    compressed = Need("window", (("hidden", 64), ("heads", 64), ("dim", 512), ("reach", 128)))
    assert where(tmp_path, compressed) == (NEW,)
    assert where(tmp_path, attention(64, 8, dim=512, reach=128)) == ()


# Sources -----------------------------------------------------------------------------------------------------------


def test_a_database_answers_from_older_versions_and_never_from_newer_ones(tmp_path: Path) -> None:
    write(tmp_path, OLD, "moe_perf", **EXPERT_ROW)
    assert set(where(tmp_path, EXPERTS)) == {OLD, NEW}
    other: list[object] = [1]
    write(tmp_path, OLD, "moe_perf", **(EXPERT_ROW | {"topk": other}))
    write(tmp_path, NEW, "moe_perf", **EXPERT_ROW)
    assert where(tmp_path, EXPERTS) == (NEW,)


@pytest.mark.parametrize(
    ("kernel", "backends", "tier", "answers"),
    [
        ("default", ("vllm", "sglang"), "shared", True),
        ("default", ("vllm", "sglang"), "shared_fallback", True),
        ("default", ("vllm", "sglang"), "absence_load_bearing", False),
        ("another", ("vllm", "sglang"), "shared", False),
        ("default", ("vllm", "trtllm"), "shared", False),
    ],
)
def test_a_database_answers_from_another_backend_for_shared_kernels_alone(
    kernel: str, backends: tuple[str, ...], tier: str, answers: bool, tmp_path: Path
) -> None:
    write(tmp_path, NEW, "moe_perf", **EXPERT_ROW)
    share(tmp_path, "moe_perf", kernel, *backends, tier=tier)
    assert (OTHER in where(tmp_path, EXPERTS)) is answers


def test_another_system_answers_for_nobody(tmp_path: Path) -> None:
    write(tmp_path, Database("gpu2", "vllm", "1.0"), "moe_perf", **EXPERT_ROW)
    assert where(tmp_path, EXPERTS) == ()


@pytest.mark.parametrize("table", ["moe_perf", "gdn_perf", "kda_perf", "mla_context_module_perf"])
def test_sources_are_those_that_the_engine_itself_names(table: str, installed: ModelSubject) -> None:
    sources = TableSources(SYSTEMS, [table])
    for database in installed.databases():
        report = json.loads(
            aiconfigurator_core.resolve_op_sources_report_json(
                str(SYSTEMS),
                str(SYSTEMS / "data" / database.system),
                database.backend,
                database.version,
                f"{table}.parquet",
            )
        )
        expected = {
            (record["path"], frozenset(record["ks_filter"]) if record["ks_filter"] is not None else None)
            for record in report["records"]
            if record["exists"]
        }
        assert {(str(source.path), source.kernels) for source in sources.of(database, table)} == expected, database


# The real tables ---------------------------------------------------------------------------------------------------


def found_for(subject: ModelSubject, model: str) -> tuple[Measured, ...]:
    return subject.measured(needs(plan_for(HFConfig.load(model))))


@pytest.mark.parametrize("database", [Database("l40s", "vllm", "0.24.0"), Database("b60", "vllm", "0.26.0")], ids=str)
@pytest.mark.parametrize(
    "model", ["Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B", "openai/gpt-oss-20b", "google/gemma-4-26B-A4B", "zai-org/GLM-5.3"]
)
def test_what_is_measured_is_answered_and_what_is_not_is_refused(
    model: str, database: Database, installed: ModelSubject
) -> None:
    covered = all(database in found.databases for found in found_for(installed, model))
    ref = installed.reference(HFConfig.load(model).raw())
    build = BuildRequest(ref, database.backend, ONE_GPU)
    answer = installed.estimate(EstimateRequest(build, database, 8, 1024, 128, 0, DataMode.SILICON))
    assert covered is not isinstance(answer, Failure)


def test_the_pairs_above_are_of_both_sorts(installed: ModelSubject) -> None:
    b60 = Database("b60", "vllm", "0.26.0")
    answers = {
        model: all(b60 in f.databases for f in found_for(installed, model))
        for model in ("Qwen/Qwen3-8B", "zai-org/GLM-5.3")
    }
    assert answers == {"Qwen/Qwen3-8B": True, "zai-org/GLM-5.3": False}
