"""`aic-harness report` as a user meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from tests.fakes.console import refused
from tests.fakes.models import models_written
from tests.fakes.results import feasible, found, matrix_written, passed, written

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Aic = Callable[..., subprocess.CompletedProcess[str]]

CELL = Cell("Org/A", "h200_sxm", "vllm", "1.0", Mode.AGG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results in which nothing is unexpected."""
    run = tmp_path / "results" / "1.0.0"
    matrix_written(run / "support_matrix.csv", feasible(CELL))
    written(run / "findings.jsonl", found(known="an-issue"), passed("cache"))
    models_written(run / "models.jsonl", "Org/A")
    return run


def test_the_page_is_written_and_json_says_where(aic: Aic, folder: Path, tmp_path: Path) -> None:
    done = aic("report", folder, "--out", tmp_path / "page", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["written"] == str(tmp_path / "page" / "index.html")
    assert (document["cells"], document["statuses"], document["new_findings"]) == (1, {"PASS": 1}, 0)
    assert (document["regressions"], document["models"]) == (None, 1)
    # The files are made up, and say so.
    differing = [note.partition(":")[0].rpartition(" ")[2] for note in document["notes"]]
    assert differing == ["harness", "data"]
    assert (tmp_path / "page" / "index.html").read_text().startswith("<!doctype html>")


def test_without_json_stdout_is_empty_and_the_page_is_named(aic: Aic, folder: Path, tmp_path: Path) -> None:
    done = aic("report", folder / "support_matrix.csv", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        f"wrote {tmp_path / 'index.html'}",
        "note: no findings: aic-harness check --all --results findings.jsonl",
        "note: no descriptions of models and tables: aic-harness describe --all --out models.jsonl",
    ]


def test_what_is_unexpected_is_1_and_written_all_the_same(aic: Aic, folder: Path, tmp_path: Path) -> None:
    new = written(tmp_path / "new.jsonl", found())
    done = aic("report", new, "--out", tmp_path, "--markdown", "-q")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("# aiconfigurator 1.0.0: 1 findings that are not known\n")
    assert (tmp_path / "index.html").exists()
    worse = written(tmp_path / "worse.jsonl", found(known="an-issue"), found(check="cache", known="other"))
    done = aic("report", worse, "--against", "1.0.0", "--results", folder.parent, "--json", "-q")
    assert (done.returncode, json.loads(done.stdout)["regressions"]) == (1, 1)


def test_the_same_results_give_the_same_page(aic: Aic, folder: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        assert aic("report", folder, "--against", folder, "--out", tmp_path / name, "-q").returncode == 0
        page = (tmp_path / name / "index.html").read_text()
        before, _, after = page.partition('"written":"')
        pages.append((before, after.partition('"')[2]))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--markdown",), "no such file"),
        ((), "no --out"),
        (("--markdown", "--json"), "--markdown and --json"),
        (("--out", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_bad_input_is_one_line(aic: Aic, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(aic("report", "nothing.csv", *arguments))


def test_results_of_another_subject_are_one_line(aic: Aic, folder: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.jsonl", found(), release="2.0.0")
    message = refused(aic("report", folder / "support_matrix.csv", other, "--out", tmp_path))
    assert "other.jsonl: found results of aiconfigurator 2.0.0" in message
    assert not (tmp_path / "index.html").exists()
