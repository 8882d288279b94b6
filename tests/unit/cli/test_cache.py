from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.matrix.cache import Cache
from tests.fakes.results import feasible
from tests.fakes.subjects import CELL, FakeInputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Cache(tmp_path, FakeInputs).put([feasible(CELL)])
    return tmp_path


def _said(*words: str) -> str:
    done = CliRunner().invoke(app, ["cache", *words])
    assert done.exit_code == 0
    return done.stdout


def test_info_says_what_is_there(folder: Path) -> None:
    assert _said("info", "--cache-dir", str(folder)).startswith(f"{folder}: 1 verdicts, 0.0 MiB, unused for")
    assert json.loads(_said("info", "--cache-dir", str(folder), "--json"))["verdicts"] == 1
    assert _said("info", "--cache-dir", str(folder / "gone")) == f"{folder / 'gone'}: 0 verdicts, 0.0 MiB\n"


def test_prune_removes_what_is_old_enough(folder: Path) -> None:
    assert "removed 0 verdicts" in _said("prune", "--cache-dir", str(folder))
    assert json.loads(_said("prune", "--cache-dir", str(folder), "--days", "0", "--json"))["removed"] == 1
    assert "0 verdicts" in _said("info", "--cache-dir", str(folder))


def test_without_a_home_the_folder_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.matrix.cache.default_folder", lambda: None)
    done = CliRunner().invoke(app, ["cache", "info"])
    assert "expected the folder of the cache" in str(done.exception)
