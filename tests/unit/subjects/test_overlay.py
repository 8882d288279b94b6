from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import aiconfigurator_core
import pytest

from harness.coordinates import Database
from harness.subjects import overlay

if TYPE_CHECKING:
    from harness.subjects.api import Subject

REAL = Path(aiconfigurator_core.__file__).parent / "systems"
MISSING = (Database("s1", "vllm", "3.0"), Database("s1", "trtllm", "9"), Database("s2", "vllm", "3.0"))


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    for name in (
        "s1.yaml",
        "s2.yaml",
        "s3.yaml",
        "data/s1/gemm/vllm/1.0/gemm_perf.parquet",
        "data/s1/attention/vllm/2.0/attention_perf.parquet",
        "data/s1/attention/sglang/3.0/attention_perf.parquet",
        "data/s2/gemm/vllm/1.0/gemm_perf.parquet",
        "data/s3/gemm/vllm/3.0/gemm_perf.parquet",
        "data/s3/gemm/vllm/index.txt",
    ):
        path = tmp_path / "systems" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "systems"


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder, links followed."""
    return {
        str(Path(base, name).relative_to(folder)): Path(base, name).read_text()
        for base, _, names in os.walk(folder, followlinks=True)
        for name in names
    }


def state(folder: Path) -> list[tuple[str, int, int]]:
    return sorted(
        (str(path.relative_to(folder)), path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")
    )


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (Database("s1", "vllm", "1.0"), True),
        (Database("s1", "vllm", "2.0"), True),
        (Database("s1", "sglang", "3.0"), True),
        (Database("s1", "vllm", "3.0"), False),
        (Database("s1", "vllm", "1"), False),
        (Database("s1", "vllm", "1.0.1"), False),
        (Database("s1", "sglang", "1.0"), False),
        (Database("s2", "vllm", "2.0"), False),
        (Database("s4", "vllm", "1.0"), False),
    ],
)
def test_own_folder_is_one_of_any_table_for_just_this_database(
    systems: Path, database: Database, expected: bool
) -> None:
    assert overlay.has_own_folder(systems, database) is expected


def test_view_holds_the_same_files_and_an_empty_folder_for_each_missing_database(systems: Path) -> None:
    with overlay.build(systems, MISSING) as name:
        view = Path(name)
        assert files(view) == files(systems)
        for database in MISSING:
            (own,) = (view / "data" / database.system).glob(f"*/{database.backend}/{database.version}")
            assert list(own.iterdir()) == []
            assert overlay.has_own_folder(view, database)


def test_systems_that_miss_nothing_are_links(systems: Path) -> None:
    with overlay.build(systems, MISSING[:1]) as name:
        assert {each.name: each.is_symlink() for each in (Path(name) / "data").iterdir()} == {
            "s1": False,
            "s2": True,
            "s3": True,
        }


def test_folder_of_the_subject_is_untouched_while_the_view_lives_and_after(systems: Path) -> None:
    before = state(systems)
    folder = overlay.build(systems, MISSING)
    view = Path(folder.name)
    assert view.is_dir()
    assert state(systems) == before
    folder.cleanup()
    assert not view.exists()
    assert state(systems) == before


def test_every_database_of_the_subject_has_a_folder_in_the_view_of_its_real_data(subject: Subject) -> None:
    before = state(REAL)
    databases = subject.databases()
    missing = [each for each in databases if not overlay.has_own_folder(REAL, each)]
    assert 0 < len(missing) < len(databases)
    folder = overlay.build(REAL, missing)
    view = Path(folder.name)
    assert all(overlay.has_own_folder(view, each) for each in databases)
    assert {path.name for path in view.iterdir()} == {path.name for path in REAL.iterdir()}
    for database in databases:
        tables = f"data/{database.system}/*/{database.backend}/*/*"
        assert names(view, tables) == names(REAL, tables)
    folder.cleanup()
    assert state(REAL) == before


def names(root: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(root)) for path in root.glob(pattern)}
