from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Mode, Status
from harness.errors import MatrixFileError
from harness.matrix.store import (
    INDEX,
    read_matrix,
    scan_matrix,
)
from harness.matrix.table import Matrix
from tests.fakes.matrix_files import FAIL_LINE, HEADER, SILICON_LINE, lines, row

if TYPE_CHECKING:
    from pathlib import Path


def problems(path: Path) -> list[str]:
    return [str(problem) for problem in scan_matrix(path).problems]


def test_matrix_of_the_current_release_is_read(tmp_path: Path) -> None:
    matrix = read_matrix(lines(tmp_path / "m.csv", HEADER, FAIL_LINE, SILICON_LINE))
    assert matrix == Matrix((row(), row(mode=Mode.DISAGG, error="KeyError: x")), columns=10)


@pytest.mark.parametrize("width", [8, 9])
def test_matrix_of_an_older_release_is_read(tmp_path: Path, width: int) -> None:
    table = [line.split(",")[:width] for line in (HEADER, SILICON_LINE, FAIL_LINE)]
    matrix = read_matrix(lines(tmp_path / "m.csv", *(",".join(each) for each in table)))
    assert matrix.columns == width
    assert [(each.status, each.source) for each in matrix.rows] == [("PASS", "silicon"), ("FAIL", "")]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_mark_and_crlf_make_no_difference(tmp_path: Path, prefix: bytes, end: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(prefix + end.join(each.encode() for each in (HEADER, SILICON_LINE)) + end)
    assert read_matrix(path).rows == (row(),)


def test_blank_status_is_refused_unless_the_reader_can_do_with_it(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", HEADER, SILICON_LINE, "m2,Arch,h100_sxm,vllm,1.10,agg,,,,")
    with pytest.raises(MatrixFileError, match=r"m\.csv:3, field Status: found ''; expected one of PASS"):
        read_matrix(path)
    matrix = read_matrix(path, strict=False)
    assert matrix.rows == (row(),)
    assert matrix.unjudged == (row("m2").cell,)


def test_lenient_reading_is_lenient_about_nothing_else(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", HEADER, "m2,Arch,h100_sxm,vllm,1.10,agg,,,,", SILICON_LINE.replace("PASS", "GOOD"))
    with pytest.raises(MatrixFileError, match=r"m\.csv:3, field Status: found 'GOOD'"):
        read_matrix(path, strict=False)


def test_first_problem_is_raised_and_the_way_to_the_others_named(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", HEADER, "a,b", SILICON_LINE.replace("agg", "both"))
    with pytest.raises(MatrixFileError) as caught:
        read_matrix(path)
    assert str(caught.value).startswith(f"{path}:2: found 2 fields; expected 10 fields, as in the header.")
    assert f"2 problems; list them: aic-harness matrix verify {path}" in str(caught.value)


def test_scan_collects_every_problem_and_keeps_what_is_good(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", HEADER, SILICON_LINE, "a,b", SILICON_LINE, FAIL_LINE.replace("FAIL", "NO"), "")
    scan = scan_matrix(path)
    second = f"a second row for 'm1 on h100_sxm/vllm/1.10 agg' (the first: {path}:2)"
    assert [str(each) for each in scan.problems] == [
        f"{path}:3: found 2 fields; expected 10 fields, as in the header.",
        f"{path}:4: found {second}; expected one row for every cell.",
        f"{path}:5, field Status: found 'NO'; expected one of {', '.join(Status)}.",
        f"{path}:6: found an empty line; expected 10 fields, as in the header.",
    ]
    assert (scan.rows, len(scan.cells), scan.matrix.rows) == (5, 2, (row(),))


def test_line_of_a_problem_counts_lines_inside_quotes(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", HEADER, FAIL_LINE.replace("KeyError: x", '"one\ntwo"'), "short")
    assert problems(path) == [f"{path}:4: found 1 fields; expected 10 fields, as in the header."]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("HuggingFaceID,Architecture", "a header of 2 columns"),
        (HEADER.lower(), "'huggingfaceid' as column 1"),
        (HEADER.replace("ErrMsg,Command", "Command,ErrMsg"), "'Command' as column 8"),
        (f"{HEADER},Note", "'Note' as column 11"),
        ("<html>", "'<html>' as column 1"),
        (SILICON_LINE, "'m1' as column 1"),
    ],
)
def test_bad_header_is_the_only_problem_of_its_file(tmp_path: Path, header: str, found: str) -> None:
    path = lines(tmp_path / "m.csv", header, "whatever")
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:1: found {found}; expected HuggingFaceID,Architecture,")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (HEADER.encode() + b"\n", "no rows"),
        (HEADER.encode() + b"\nm\xff", "byte 0xff"),
        (HEADER.encode() + b'\n"m1,', "a row that cannot be parsed"),
    ],
)
def test_file_without_rows_or_text_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(MatrixFileError, match=f"found {found}") as caught:
        read_matrix(path)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder_without_matrix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MatrixFileError, match="found no such file"):
        read_matrix(tmp_path / "m.csv")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(MatrixFileError, match="found a folder without CSV files"):
        read_matrix(tmp_path)


def test_folder_without_index_is_read_whole(tmp_path: Path) -> None:
    lines(tmp_path / "b.csv", HEADER, SILICON_LINE)
    lines(tmp_path / "a.csv", HEADER, SILICON_LINE.replace("m1", "m2"))
    assert read_matrix(tmp_path).rows == (row(), row("m2"))


def test_duplicate_across_files_names_both(tmp_path: Path) -> None:
    lines(tmp_path / "a.csv", HEADER, SILICON_LINE)
    lines(tmp_path / "b.csv", HEADER, SILICON_LINE)
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"{tmp_path / 'b.csv'}:2: found a second row")
    assert f"(the first: {tmp_path / 'a.csv'}:2)" in problem


def test_files_of_different_releases_do_not_mix(tmp_path: Path) -> None:
    lines(tmp_path / "a.csv", HEADER, SILICON_LINE)
    lines(tmp_path / "b.csv", HEADER.removesuffix(",Source"), SILICON_LINE.removesuffix(",silicon"))
    assert problems(tmp_path) == [
        f"{tmp_path / 'b.csv'}:1: found a header of 9 columns; expected 10 columns, as in the files before it."
    ]


def test_indexed_folder_is_read_in_the_order_of_its_index(tmp_path: Path) -> None:
    lines(tmp_path / "gb200.csv", HEADER, "short")
    lines(tmp_path / "b200.csv", HEADER, "short")
    lines(tmp_path / "unlisted.csv", "no matrix")
    (tmp_path / INDEX).write_text('{"files": ["gb200.csv", "b200.csv"]}')
    assert [problem.partition(":2")[0] for problem in problems(tmp_path)] == [
        str(tmp_path / "gb200.csv"),
        str(tmp_path / "b200.csv"),
    ]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("gone.csv", "'gone.csv', which is not there"),
        ("../outside.csv", "'../outside.csv'"),
        ("/etc/passwd", "'/etc/passwd'"),
        ("sub/inside.csv", "'sub/inside.csv'"),
        ("link.csv", "'link.csv'"),
        ("loop.csv", "'loop.csv'"),
        ("..", "'..'"),
        ("", "''"),
        ("a\0.csv", r"'a\x00.csv'"),
        ("h100_sxm.csv", "'h100_sxm.csv' again"),
    ],
)
def test_index_cannot_lead_elsewhere(tmp_path: Path, entry: str, complaint: str) -> None:
    folder = tmp_path / "matrix"
    (folder / "sub").mkdir(parents=True)
    for path in (tmp_path / "outside.csv", folder / "sub" / "inside.csv", folder / "h100_sxm.csv"):
        lines(path, HEADER, SILICON_LINE)
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / INDEX).write_text(json.dumps({"files": ["h100_sxm.csv", entry]}))
    scan = scan_matrix(folder)
    (problem,) = scan.problems
    assert str(problem).startswith(f"{folder / INDEX}, entry 2: found {complaint}; expected ")
    assert scan.rows == 1


@pytest.mark.parametrize(
    "index", ["", "{", "[]", "{}", '{"files": []}', '{"files": [1]}', '{"files": "a"}', "[" * 99999]
)
def test_unusable_index_is_refused(tmp_path: Path, index: str) -> None:
    lines(tmp_path / "a.csv", HEADER, SILICON_LINE)
    (tmp_path / INDEX).write_text(index)
    with pytest.raises(MatrixFileError, match=r"index\.json: found no (JSON|list of file names)"):
        scan_matrix(tmp_path)


def test_row_in_the_file_of_another_system_is_a_problem(tmp_path: Path) -> None:
    lines(tmp_path / "b200_sxm.csv", HEADER, SILICON_LINE)
    (tmp_path / INDEX).write_text('{"files": ["b200_sxm.csv"]}')
    (problem,) = problems(tmp_path)
    assert "b200_sxm.csv:2, field System: found 'h100_sxm'; expected 'b200_sxm', as in the name of the" in problem
