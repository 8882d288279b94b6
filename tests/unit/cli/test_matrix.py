"""`aic-harness matrix` as a user meets it: what it says, and what it writes."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from harness.coordinates import Cell, Mode, Status
from harness.matrix.cells import all_cells
from harness.matrix.evidence import read_evidence
from harness.matrix.store import write_matrix, write_split
from harness.matrix.table import Matrix, Row
from tests.fakes.console import B60, CHEAP, FITS, LACKS
from tests.fakes.matrix_files import FAIL_LINE, HEADER, SILICON_LINE, lines

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from harness.subjects.api import Subject

    Done = subprocess.CompletedProcess[str]
    Aic = Callable[..., Done]


def row(cell: Cell, status: Status = Status.PASS) -> Row:
    source = {Status.PASS: "silicon", Status.HYBRID_PASS: "xop"}.get(status, "")
    return Row(cell.model, "Arch", cell.system, cell.backend, cell.version, cell.mode, status, "", "cmd", source)


@pytest.fixture(scope="module")
def ran(aic: Aic, tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    folder = tmp_path_factory.mktemp("run")
    done = aic("matrix", "run", "--model", FITS, "--model", LACKS, *B60, "--out", "m.csv", "--json", cwd=folder)
    return done, folder


def test_run_says_one_json_document_on_stdout(ran: tuple[Done, Path]) -> None:
    done, _ = ran
    assert done.returncode == 0
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["counts"] == {
        "PASS": 2,
        "HYBRID_PASS": 0,
        "FAIL": 0,
        "FRAMEWORK_INCOMPATIBLE": 0,
        "HW_INCOMPATIBLE": 2,
    }
    assert (document["cells"], document["judged"]) == (4, 4)
    assert document["versions"]["subject"] == "aiconfigurator 0.12.0"
    assert document["written"] == ["m.csv", "m.evidence.parquet"]


def test_run_says_header_and_progress_on_stderr_and_nothing_of_the_subject(ran: tuple[Done, Path]) -> None:
    header, *_, progress = ran[0].stderr.splitlines()
    assert re.fullmatch(r"aic-harness [\d.]+ · aiconfigurator 0\.12\.0 · data .* 0\.12\.0 · Python [\d.]+", header)
    assert re.fullmatch(r"4/4 cells, .* s left: HW_INCOMPATIBLE 2, PASS 2", progress)


def test_run_writes_matrix_and_evidence(ran: tuple[Done, Path]) -> None:
    _, folder = ran
    assert sorted(each.name for each in folder.iterdir()) == ["m.csv", "m.evidence.parquet"]
    content = (folder / "m.csv").read_bytes()
    assert b"\r" not in content
    rows = list(csv.DictReader(content.decode().splitlines()))
    assert [(each["HuggingFaceID"], each["Mode"], each["Status"], each["Source"]) for each in rows] == [
        (FITS, "agg", "PASS", "silicon"),
        (FITS, "disagg", "PASS", "silicon"),
        (LACKS, "agg", "HW_INCOMPATIBLE", ""),
        (LACKS, "disagg", "HW_INCOMPATIBLE", ""),
    ]
    assert {each["ErrMsg"] for each in rows} == {"", f"b60 lacks FP4, which {LACKS} needs"}
    evidence = read_evidence(folder / "m.evidence.parquet")
    assert evidence.versions["subject_version"] == "0.12.0"
    assert list(evidence.frame["status"]) == [each["Status"] for each in rows]
    assert pq.read_metadata(folder / "m.evidence.parquet").num_rows == 4
    assert (evidence.frame["data_origin"][:2] == "own").all()


def test_second_run_writes_the_same_bytes_and_quiet_is_quiet(aic: Aic, ran: tuple[Done, Path], tmp_path: Path) -> None:
    models = ("--model", LACKS, "--model", "Qwen/Qwen3-0.6*")
    done = aic("matrix", "run", *models, *B60, "--out", "m.csv", "--split", "split", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    expected = (ran[1] / "m.csv").read_bytes()
    assert (tmp_path / "m.csv").read_bytes() == expected
    assert (tmp_path / "split" / "b60.csv").read_bytes() == expected
    assert "4 of 4 cells judged" in done.stdout


def test_filtered_run_changes_only_the_rows_it_judged(aic: Aic, tmp_path: Path) -> None:
    judged = Cell(LACKS, "b60", "vllm", "0.26.0", Mode.DISAGG)
    others = [
        Cell(LACKS, "b60", "vllm", "0.26.0", Mode.AGG),
        Cell(LACKS, "b60", "vllm", "0.20.0", Mode.DISAGG),
        Cell("gone/model", "old_gpu", "vllm", "0.1", Mode.AGG),
    ]
    write_matrix(Matrix.from_rows([row(judged), *map(row, others)]), tmp_path / "m.csv")
    old = (tmp_path / "m.csv").read_text().splitlines()
    assert aic(*CHEAP, "--mode", "disagg", "--out", "m.csv", cwd=tmp_path).returncode == 0
    new = (tmp_path / "m.csv").read_text().splitlines()
    ((before, after),) = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    assert before.startswith(f"{LACKS},Arch,b60,vllm,0.26.0,disagg,PASS,")
    assert after.startswith(f"{LACKS},Qwen3MoeForCausalLM,b60,vllm,0.26.0,disagg,HW_INCOMPATIBLE,")


def test_filtered_run_without_a_target_writes_nothing(aic: Aic, tmp_path: Path) -> None:
    done = aic(*CHEAP, cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (0, [])
    assert f"{LACKS} on b60/vllm/0.26.0 agg: HW_INCOMPATIBLE: b60 lacks FP4" in done.stdout


# Diff and verify


def test_diff_of_equal_matrices_is_fine(aic: Aic, tmp_path: Path) -> None:
    rows = [row(Cell("m1", "h100_sxm", "vllm", "1.10", mode)) for mode in Mode]
    write_matrix(Matrix.from_rows(rows), tmp_path / "m.csv")
    write_split(Matrix.from_rows(rows), tmp_path / "split")
    done = aic("matrix", "diff", "m.csv", "split", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No changes in 2 cells.")


@pytest.mark.parametrize("form", ["--json", "--markdown", ""])
def test_diff_of_different_matrices_is_a_finding(aic: Aic, tmp_path: Path, form: str) -> None:
    lines(tmp_path / "old.csv", HEADER, SILICON_LINE, FAIL_LINE)
    changed = SILICON_LINE.replace("PASS", "HYBRID_PASS").replace("silicon", "xop")
    lines(tmp_path / "new.csv", HEADER, changed, FAIL_LINE.replace("m1", "m2"))
    done = aic("matrix", "diff", "old.csv", "new.csv", *filter(None, [form]), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    if form == "--json":
        document = json.loads(done.stdout)
        assert [each["model"] for each in document["added"]] == ["m2"]
        assert [each["mode"] for each in document["removed"]] == ["disagg"]
        ((cell, before, after),) = [each.values() for each in document["changed"]]
        assert (cell["model"], cell["mode"], before, after) == ("m1", "agg", "PASS", "HYBRID_PASS")
    else:
        assert done.stdout.startswith("1 changed (1 worse, 0 better, 0 other), 1 removed, 1 added.")
        assert ("### Worse (1)" in done.stdout) is (form == "--markdown")


@pytest.fixture(scope="module")
def whole(subject: Subject) -> tuple[Row, ...]:
    return tuple(sorted(map(row, all_cells(subject))))


def test_verify_of_a_whole_matrix_is_fine(aic: Aic, tmp_path: Path, whole: tuple[Row, ...]) -> None:
    write_matrix(Matrix.from_rows(whole), tmp_path / "m.csv")
    done = aic("matrix", "verify", "m.csv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "7950 rows, 0 errors, 0 cells missing, 0 surplus.\n"


def test_verify_finds_missing_and_surplus_cells(aic: Aic, tmp_path: Path, whole: tuple[Row, ...]) -> None:
    surplus = Cell("no/such", "b60", "vllm", "0.26.0", Mode.AGG)
    write_matrix(Matrix.from_rows([*whole[:500], *whole[501:], row(surplus)]), tmp_path / "m.csv")
    done = aic("matrix", "verify", "m.csv", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads(done.stdout)
    gone = whole[500]
    assert (document["rows"], document["errors"]) == (7950, [])
    assert document["missing"] == [
        {
            "model": gone.model,
            "system": gone.system,
            "backend": gone.backend,
            "version": gone.version,
            "mode": gone.mode,
        }
    ]
    assert [each["model"] for each in document["surplus"]] == ["no/such"]
