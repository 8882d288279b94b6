from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.errors import MatrixFileError
from harness.matrix.diff import diff_matrices
from harness.matrix.store import read_matrix, write_matrix, write_split
from harness.matrix.table import Matrix, Row
from harness.matrix.verify import to_json_document, to_text, verify_matrix

if TYPE_CHECKING:
    from pathlib import Path

ROWS = tuple(
    Row(model, "Arch", system, "vllm", "1.10", mode, Status.PASS, "", "cmd", "silicon")
    for model in ("m1", "m2")
    for system in ("b200_sxm", "h100_sxm")
    for mode in Mode
)
CELLS = frozenset(row.cell for row in ROWS)


def written(path: Path) -> Path:
    write_matrix(Matrix.from_rows(ROWS), path)
    return path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_complete_matrix_has_nothing_to_report(tmp_path: Path) -> None:
    verification = verify_matrix(written(tmp_path / "m.csv"), CELLS)
    assert verification.ok
    assert to_json_document(verification) == {
        "rows": 8,
        "errors": [],
        "missing": [],
        "surplus": [],
        "completeness_checked": True,
    }
    assert to_text(verification) == "8 rows, 0 errors, 0 cells missing, 0 surplus.\n"


def test_without_a_subject_completeness_is_said_to_be_unchecked(tmp_path: Path) -> None:
    verification = verify_matrix(written(tmp_path / "m.csv"), None)
    assert verification.ok
    assert not verification.completeness_checked
    assert to_text(verification) == "8 rows, 0 errors, completeness not checked.\n"


@pytest.mark.parametrize("gone", range(len(ROWS)))
def test_removed_row_is_missing(tmp_path: Path, gone: int) -> None:
    path = tmp_path / "m.csv"
    write_matrix(Matrix.from_rows(ROWS[:gone] + ROWS[gone + 1 :]), path)
    verification = verify_matrix(path, CELLS)
    assert not verification.ok
    assert (verification.errors, verification.missing, verification.surplus) == ((), (ROWS[gone].cell,), ())
    assert diff_matrices(read_matrix(written(tmp_path / "whole.csv")), read_matrix(path)).has_changes


def test_unknown_cells_are_surplus_and_sorted(tmp_path: Path) -> None:
    path = written(tmp_path / "m.csv")
    for model in ("z9", "a0"):
        with path.open("a") as stream:
            stream.write(f"{model},Arch,h100_sxm,vllm,1.10,agg,FAIL,KeyError: x,cmd,\n")
    verification = verify_matrix(path, CELLS)
    assert [cell.model for cell in verification.surplus] == ["a0", "z9"]
    assert (verification.errors, verification.missing, verification.rows) == ((), (), 10)
    assert diff_matrices(Matrix.from_rows(ROWS), read_matrix(path)).has_changes


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.PASS])
def test_flipped_status_contradicts_its_source_and_shows_in_the_diff(tmp_path: Path, status: Status) -> None:
    path = written(tmp_path / "m.csv")
    edit(path, ",PASS,,cmd,silicon", f",{status},,cmd,silicon")
    (error,) = verify_matrix(path, CELLS).errors
    assert error.startswith(f"{path}:2, field Source: found 'silicon'; expected ")
    edit(path, f",{status},,cmd,silicon", f",{status},,cmd,{'xop' if status is Status.HYBRID_PASS else ''}")
    (change,) = diff_matrices(Matrix.from_rows(ROWS), read_matrix(path)).changed
    assert (change.cell, change.old, change.new, change.direction) == (ROWS[0].cell, "PASS", status, "worse")


def test_unknown_status_is_an_error_and_its_cell_not_missing(tmp_path: Path) -> None:
    path = written(tmp_path / "m.csv")
    edit(path, ",PASS,", ",passed,")
    verification = verify_matrix(path, CELLS)
    (error,) = verification.errors
    assert error.startswith(f"{path}:2, field Status: found 'passed'; expected one of PASS, ")
    assert verification.missing == ()


def test_row_whose_coordinates_are_spoilt_is_missing_too(tmp_path: Path) -> None:
    path = written(tmp_path / "m.csv")
    edit(path, ",agg,", ",aggregate,")
    verification = verify_matrix(path, CELLS)
    assert len(verification.errors) == 1
    assert verification.missing == (ROWS[0].cell,)


def test_all_errors_of_all_files_are_listed_on_one_line_each(tmp_path: Path) -> None:
    write_split(Matrix.from_rows(ROWS), tmp_path)
    edit(tmp_path / "b200_sxm.csv", ",PASS,", ',"no\nstatus",')
    edit(tmp_path / "b200_sxm.csv", ",silicon", "")
    with (tmp_path / "h100_sxm.csv").open("a") as stream:
        stream.write("m1,Arch,h100_sxm,vllm,1.10,agg,PASS,,cmd,silicon\n")
    edit(tmp_path / "index.json", '"h100_sxm.csv"', '"h100_sxm.csv", "gone.csv"')
    verification = verify_matrix(tmp_path, CELLS)
    assert [error.removeprefix(f"{tmp_path}/").partition(";")[0] for error in verification.errors] == [
        "b200_sxm.csv:2: found 9 fields",
        f"h100_sxm.csv:6: found a second row for '{ROWS[2].cell}' (the first: {tmp_path / 'h100_sxm.csv'}:2)",
        "index.json, entry 3: found 'gone.csv', which is not there",
    ]
    assert not any("\n" in error for error in verification.errors)
    assert all(error in to_text(verification) for error in verification.errors)


def test_unreadable_file_is_an_error_that_leaves_every_cell_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xff")
    verification = verify_matrix(path, CELLS)
    assert (verification.rows, len(verification.errors), len(verification.missing)) == (0, 1, len(CELLS))


def test_file_without_rows_is_never_green(tmp_path: Path) -> None:
    path = written(tmp_path / "m.csv")
    path.write_text(path.read_text().partition("\n")[0] + "\n")
    assert not verify_matrix(path, None).ok
    assert not verify_matrix(path, frozenset()).ok


def test_missing_file_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(MatrixFileError, match="found no such file"):
        verify_matrix(tmp_path / "none.csv", CELLS)


def test_json_and_text_name_missing_and_surplus_cells(tmp_path: Path) -> None:
    stranger = Cell("z", "h100_sxm", "vllm", "1.10", Mode.AGG)
    verification = verify_matrix(written(tmp_path / "m.csv"), (CELLS - {ROWS[0].cell}) | {stranger})
    document = json.loads(json.dumps(to_json_document(verification)))
    named = {"system": "h100_sxm", "backend": "vllm", "version": "1.10", "mode": "agg"}
    assert document["missing"] == [{"model": "z", **named}]
    assert document["surplus"] == [{"model": "m1", **named, "system": "b200_sxm"}]
    text = to_text(verification)
    assert text.startswith("8 rows, 0 errors, 1 cells missing, 1 surplus.\n\nMissing (1)\n")
    assert "z        h100_sxm  vllm       1.10       agg" in text
    assert "Surplus (1)" in text


def test_long_lists_are_cut_in_the_text_only(tmp_path: Path) -> None:
    verification = verify_matrix(written(tmp_path / "m.csv"), frozenset())
    assert "… and 6 more" in to_text(verification, limit=2)
    assert len(verification.surplus) == 8
