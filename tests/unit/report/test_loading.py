from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.errors import HarnessError
from harness.matrix.evidence import evidence_path
from harness.matrix.store import write_matrix
from harness.matrix.table import Matrix, Row
from harness.report.loading import load
from tests.fakes.models import models_written
from tests.fakes.results import feasible, found, matrix_written, passed, written

if TYPE_CHECKING:
    from pathlib import Path

CELL = Cell("Org/A", "h200_sxm", "vllm", "1.0", Mode.AGG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of one run of everything."""
    matrix_written(tmp_path / "support_matrix.csv", feasible(CELL))
    written(tmp_path / "findings.jsonl", found(), passed("cache"))
    models_written(tmp_path / "models.jsonl", "Org/A")
    return tmp_path


def refusal(*given: Path) -> str:
    with pytest.raises(HarnessError) as caught:
        load([str(path) for path in given], given[0])
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_folder_and_its_files_are_the_same(folder: Path) -> None:
    whole = load([str(folder)], folder)
    apart = load([str(folder / name) for name in ("models.jsonl", "support_matrix.csv", "findings.jsonl")], folder)
    assert (whole.parts, whole.matrix, whole.models) == (apart.parts, apart.matrix, apart.models)
    assert [part.kind for part in whole.parts] == ["matrix", "evidence", "findings", "models"]
    assert whole.subject == "aiconfigurator 1.0.0"
    assert list(whole.records) == [CELL]


def test_a_release_is_a_folder_of_results(folder: Path) -> None:
    folder.rename(folder.parent / "1.0.0")
    assert load(["1.0.0"], folder.parent).subject == "aiconfigurator 1.0.0"
    (folder.parent / "1.0.0").rename(folder)


def test_parts_of_one_run_of_checks_are_put_together(folder: Path) -> None:
    written(folder / "findings.more.jsonl", found(check="cache_sharding"))
    loaded = load([str(folder)], folder)
    assert loaded.findings
    assert {pair.check for pair in loaded.findings.pairs} == {"weights", "cache", "cache_sharding"}


def test_results_of_two_subjects_are_refused(folder: Path) -> None:
    other = written(folder / "other.jsonl", found(), release="2.0.0")
    message = refusal(folder / "support_matrix.csv", other)
    assert "results of aiconfigurator 2.0.0; expected those of aiconfigurator 1.0.0" in message


def test_a_second_matrix_is_refused(folder: Path) -> None:
    other = matrix_written(folder / "other.csv", feasible(CELL))
    assert "a support matrix again" in refusal(folder, other)


def test_evidence_of_another_run_is_refused(folder: Path) -> None:
    path = folder / "support_matrix.csv"
    fails = Row("Org/A", "Arch", "h200_sxm", "vllm", "1.0", Mode.AGG, Status.FAIL, "E", "cmd", "")
    write_matrix(Matrix((fails,)), path)
    assert f"found PASS for {CELL}; expected FAIL, as in the matrix" in refusal(path)


def test_evidence_of_other_cells_is_refused(folder: Path) -> None:
    path = folder / "support_matrix.csv"
    write_matrix(
        Matrix((Row("Org/B", "Arch", "h200_sxm", "vllm", "1.0", Mode.AGG, Status.FAIL, "E", "cmd", ""),)), path
    )
    assert "which the matrix lacks" in refusal(path)


def test_evidence_alone_is_refused(folder: Path) -> None:
    assert "evidence without its matrix" in refusal(evidence_path(folder / "support_matrix.csv"))


@pytest.mark.parametrize("name", ["findings.jsonl", "models.jsonl"])
def test_what_is_cut_off_is_refused(folder: Path, name: str) -> None:
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    (folder / name).write_bytes(b"".join(lines[:-1]))
    assert "without a footer" in refusal(folder / name)
    (folder / name).write_bytes(b"".join(lines)[:-20])
    assert "a line that was cut off" in refusal(folder / name)


@pytest.mark.parametrize("name", ["findings.jsonl", "models.jsonl"])
def test_a_newer_format_is_refused(folder: Path, name: str) -> None:
    first, rest = (folder / name).read_text().split("\n", 1)
    (folder / name).write_text(json.dumps(json.loads(first) | {"format_version": 2}) + "\n" + rest)
    assert "format_version: found '2'; expected 1. Read it with the harness that wrote it" in refusal(folder / name)


def test_damaged_evidence_is_refused(folder: Path) -> None:
    evidence_path(folder / "support_matrix.csv").write_bytes(b"PAR1 and no more")
    assert "support_matrix.evidence.parquet: found" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", "", "an empty file"),
        (
            "no_rows.csv",
            "HuggingFaceID,Architecture,System,Backend,Version,Mode,Status,ErrMsg,Command,Source\n",
            "no rows",
        ),
        ("empty.jsonl", "", "no header"),
        ("other.jsonl", '{"format": "something"}\n', "found 'something'"),
        ("journal.jsonl", '{"format": "aic-harness-verdicts"}\n', "aic-harness merge"),
        ("text.txt", "hello\n", "no header"),
    ],
)
def test_what_holds_no_results_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    assert said in refusal(tmp_path / name)


def test_a_folder_without_results_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "no results" in refusal(tmp_path)
    (tmp_path / "findings.jsonl.partial").write_text("")
    assert "only findings.jsonl.partial, of a run that did not end" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "nothing.csv")
