"""Each kind of change changes what depends on it, and nothing else."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Database, Mode
from harness.subjects.inputs import SubjectInputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODELS = ("Org/A", "Org/B")
OLD, NEW, OTHER, FAR = (
    Database("s", "vllm", "1.0"),
    Database("s", "vllm", "2.0"),
    Database("s", "sglang", "1.0"),
    Database("t", "vllm", "1.0"),
)
CELLS = tuple(
    Cell(model, database.system, database.backend, database.version, Mode.AGG)
    for database, model in product((OLD, NEW, OTHER, FAR), MODELS)
)
ALL, NONE = frozenset({OLD, NEW, OTHER, FAR}), frozenset[Database]()

MANIFEST = """
groups:
- {op_file: gemm.parquet, kernel_source: k, tier: shared, frameworks: [vllm, sglang]}
"""
FILES = {
    "aiconfigurator/__init__.py": "",
    "aiconfigurator/sdk/task.py": "code",
    "aiconfigurator/__pycache__/task.pyc": "",
    "core/engine.so": "code",
    "core/model_configs/Org--A_config.json": "{}",
    "core/model_configs/Org--B_config.json": "{}",
    "core/systems/query_versions.yaml": "",
    "core/systems/perf_data_reuse_manifest.yaml": MANIFEST,
    "core/systems/s.yaml": "data_dir: data/s # relative",
    "core/systems/t.yaml": "data_dir: data/t\n",
    **{
        f"core/systems/data/{folder}.parquet": "rows"
        for folder in (
            "s/gemm/vllm/1.0/gemm",
            "s/gemm/vllm/2.0/gemm",
            "s/gemm/sglang/1.0/gemm",
            "s/moe/sglang/1.0/moe",
            "s/comm/nccl/2.26/nccl",
            "t/gemm/vllm/1.0/gemm",
        )
    },
}
DATA = "core/systems/data"


def _inputs(root: Path) -> SubjectInputs:
    core = root / "core"
    return SubjectInputs((root / "aiconfigurator", core), core, ("pytest",), ("vllm", "sglang"))


def _digests(root: Path) -> dict[Cell, str | None]:
    inputs = _inputs(root)
    return {cell: inputs.of(cell) for cell in CELLS}


def _of_databases(root: Path) -> dict[Database, str]:
    inputs = _inputs(root)
    return {database: inputs.of_database(database) for database in sorted(ALL)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _write(name: str, text: str = "changed") -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


@pytest.mark.parametrize(
    ("change", "databases"),
    [
        (_write("aiconfigurator/sdk/task.py"), ALL),
        (_write("aiconfigurator/sdk/new.py"), ALL),
        (_remove("aiconfigurator/sdk/task.py"), ALL),
        (_write("core/engine.so"), ALL),
        (_write("core/systems/query_versions.yaml"), ALL),
        (_write("core/systems/perf_data_reuse_manifest.yaml", MANIFEST + "# more"), ALL),
        (_write("core/systems/s.yaml", "data_dir: data/s\nmore"), {OLD, NEW, OTHER}),
        (_write("core/systems/t.yaml", "data_dir: data/t\nmore"), {FAR}),
        (_write(f"{DATA}/s/notes.txt"), {OLD, NEW, OTHER}),
        (_write(f"{DATA}/t/gemm/vllm/1.0/gemm.parquet"), {FAR}),
        (_write(f"{DATA}/t/gemm/vllm/1.0/meta.yaml"), {FAR}),
        (_write(f"{DATA}/s/gemm/vllm/2.0/gemm.parquet"), {NEW, OTHER}),
        (_write(f"{DATA}/s/gemm/vllm/1.0/gemm.parquet"), {OLD, NEW, OTHER}),
        (_remove(f"{DATA}/s/gemm/vllm/1.0/gemm.parquet"), {OLD, NEW, OTHER}),
        (_write(f"{DATA}/s/moe/vllm/1.0/moe.parquet"), {OLD, NEW}),
        (_write(f"{DATA}/s/moe/vllm/0.5/moe.parquet"), {OLD, NEW}),
        (_write(f"{DATA}/s/moe/vllm/1.5/moe.parquet"), {NEW}),
        (_write(f"{DATA}/s/moe/vllm/3.0/moe.parquet"), NONE),
        (_write(f"{DATA}/s/moe/vllm/nightly/moe.parquet"), {OLD, NEW}),
        (_write(f"{DATA}/s/moe/sglang/1.0/moe.parquet"), {OTHER}),
        (_write(f"{DATA}/s/gemm/sglang/1.0/gemm.parquet"), {OLD, NEW, OTHER}),
        (_write(f"{DATA}/s/comm/nccl/2.26/nccl.parquet"), {OLD, NEW, OTHER}),
        (_write(f"{DATA}/s/comm/nccl/2.27/nccl.parquet"), {OLD, NEW, OTHER}),
        (_write("aiconfigurator/__pycache__/task.pyc"), NONE),
    ],
)
def test_a_change_of_code_or_data_changes_the_cells_that_depend_on_it(
    root: Path, change: Callable[[Path], None], databases: frozenset[Database]
) -> None:
    before, of_databases, whole = _digests(root), _of_databases(root), _inputs(root).whole
    assert len(set(before.values())) == len(CELLS)
    change(root)
    after = _digests(root)
    assert {cell for cell in CELLS if before[cell] != after[cell]} == {c for c in CELLS if c.database in databases}
    assert {
        database for database, digest in _of_databases(root).items() if digest != of_databases[database]
    } == databases
    if databases:
        assert _inputs(root).whole != whole


@pytest.mark.parametrize(
    "change",
    [_write("core/model_configs/Org--A_config.json"), _write("core/model_configs/Org--A_hf_quant_config.json")],
)
def test_a_change_of_a_config_changes_the_cells_of_its_model(root: Path, change: Callable[[Path], None]) -> None:
    before, of_databases = _digests(root), _of_databases(root)
    change(root)
    assert _of_databases(root) == of_databases
    after = _digests(root)
    assert {cell for cell in CELLS if before[cell] != after[cell]} == {cell for cell in CELLS if cell.model == "Org/A"}


def test_a_version_that_says_it_reuses_a_newer_one_depends_on_it(root: Path) -> None:
    _write(f"{DATA}/s/gemm/vllm/1.0/reuse.yaml", "reuse: [{table: gemm, from_version: 2.0}]")(root)
    before = _digests(root)
    _write(f"{DATA}/s/gemm/vllm/2.0/gemm.parquet")(root)
    after = _digests(root)
    assert {cell.database for cell in CELLS if before[cell] != after[cell]} == {OLD, NEW, OTHER}


def test_a_system_that_borrows_a_folder_depends_on_it(root: Path) -> None:
    _write("core/systems/t.yaml", "data_dir: data/s\n")(root)
    before = _digests(root)
    _write(f"{DATA}/s/moe/vllm/1.0/moe.parquet")(root)
    after = _digests(root)
    assert {cell.database for cell in CELLS if before[cell] != after[cell]} == {OLD, NEW, FAR}


def test_tables_in_folders_of_another_kind_count_for_all_databases_of_their_system(root: Path) -> None:
    _write(f"{DATA}/s/vllm/3.0/gemm.txt")(root)
    before = _digests(root)
    _write(f"{DATA}/s/vllm/3.0/gemm.txt", "other")(root)
    after = _digests(root)
    assert {cell.database for cell in CELLS if before[cell] != after[cell]} == {OLD, NEW, OTHER}


def test_a_setting_and_a_version_change_everything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _digests(root)
    monkeypatch.setenv("AIC_SOMETHING", "1")
    with_setting = _digests(root)
    monkeypatch.setattr("harness.subjects.inputs.metadata.version", lambda _name: "0")
    of_other_version = _digests(root)
    for cell in CELLS:
        assert len({before[cell], with_setting[cell], of_other_version[cell]}) == 3


def test_a_model_without_a_config_depends_on_what_cannot_be_told(root: Path) -> None:
    _remove("core/model_configs/Org--A_config.json")(root)
    assert [cell.model for cell, digest in _digests(root).items() if digest is None] == ["Org/A"] * 4


def test_files_behind_links_count_and_a_link_to_itself_is_no_trap(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "code.py").write_text("a")
    (root / "aiconfigurator" / "linked").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(elsewhere)
    before = _inputs(root).whole
    (elsewhere / "code.py").write_text("b")
    assert _inputs(root).whole != before
