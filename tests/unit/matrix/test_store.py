from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.coordinates import Mode
from harness.errors import MatrixFileError, OutputError
from harness.matrix.publish import publish
from harness.matrix.records import SOURCES, Status
from harness.matrix.store import (
    INDEX,
    read_matrix,
    scan_matrix,
    write_matrix,
    write_split,
)
from harness.matrix.table import COLUMNS, Matrix, Row, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = ",".join(COLUMNS)
SILICON_LINE = "m1,Arch,h100_sxm,vllm,1.10,agg,PASS,,cmd,silicon"
FAIL_LINE = "m1,Arch,h100_sxm,vllm,1.10,disagg,FAIL,KeyError: x,cmd,"
SHIPPED = Path(str(files("aiconfigurator_core"))) / "systems" / "support_matrix"


def row(model: str = "m1", *, system: str = "h100_sxm", mode: Mode = Mode.AGG, error: str = "") -> Row:
    if error:
        return Row(model, "Arch", system, "vllm", "1.10", mode, Status.FAIL, error, "cmd", "")
    return Row(model, "Arch", system, "vllm", "1.10", mode, Status.PASS, "", "cmd", "silicon")


def lines(path: Path, *content: str) -> Path:
    path.write_bytes(("\n".join(content) + "\n").encode())
    return path


def problems(path: Path) -> list[str]:
    return [str(problem) for problem in scan_matrix(path).problems]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(each): each.read_bytes() if each.is_file() else None for each in sorted(folder.rglob("*"))}


# Reading


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


# Writing


def test_written_matrix_is_sorted_and_ends_its_lines_with_newlines(tmp_path: Path) -> None:
    matrix = Matrix((row("m2"), row(mode=Mode.DISAGG, error="KeyError: x"), row()))
    write_matrix(matrix, tmp_path / "new" / "folder" / "m.csv")
    expected = "\n".join((HEADER, SILICON_LINE, FAIL_LINE, SILICON_LINE.replace("m1", "m2"), ""))
    assert (tmp_path / "new" / "folder" / "m.csv").read_bytes() == expected.encode()
    assert names(tmp_path / "new" / "folder") == ["m.csv"]


def test_written_matrix_replaces_an_older_one(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", "older")
    write_matrix(Matrix.from_rows([row()]), path)
    assert read_matrix(path).rows == (row(),)


def test_older_release_is_written_with_the_current_columns(tmp_path: Path) -> None:
    path = lines(tmp_path / "m.csv", ",".join(COLUMNS[:8]), SILICON_LINE.removesuffix(",cmd,silicon"))
    write_matrix(read_matrix(path), path)
    assert path.read_text() == f"{HEADER}\n{SILICON_LINE.replace('cmd', '')}\n"


TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(',"\n\r;=é漢|')), max_size=30)
NAMES = st.one_of(st.sampled_from(["m1", "=cmd()", 'a,"b"', "Ünï/code", "1.10", "NA", "-1"]), TEXT).filter(
    lambda text: bool(text.strip()) and one_line(text) == text
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    status = draw(st.sampled_from(list(Status)))
    sources = {Status.PASS: SOURCES[:1], Status.HYBRID_PASS: SOURCES[1:]}.get(status, ("",))
    return Row(
        model=draw(NAMES),
        architecture=draw(TEXT.map(one_line)),
        system=draw(NAMES),
        backend=draw(NAMES),
        version=draw(NAMES),
        mode=draw(st.sampled_from(list(Mode))),
        status=status,
        error=draw(TEXT),
        command=draw(TEXT),
        source=draw(st.sampled_from(sources)),
    )


MATRICES = st.lists(rows(), min_size=1, max_size=6, unique_by=lambda each: each.cell).map(Matrix.from_rows)


@given(matrix=MATRICES)
def test_whatever_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, matrix: Matrix) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.csv"
    write_matrix(matrix, path)
    back = read_matrix(path)
    assert [each.fields for each in back.rows] == [each.fields for each in matrix.rows]
    first = path.read_bytes()
    write_matrix(back, path)
    assert path.read_bytes() == first
    # Upstream's reader is a DictReader over the open file; one row is one line, whatever an error says.
    with path.open(newline="", encoding="utf-8") as stream:
        upstream = list(csv.DictReader(stream))
    assert [tuple(each.values()) for each in upstream] == [each.fields for each in matrix.rows]
    assert len(first.decode().splitlines()) == 1 + len(matrix.rows)


def test_formula_in_a_field_is_kept_as_it_is(tmp_path: Path) -> None:
    write_matrix(Matrix.from_rows([row(error="=cmd()|'/c calc'!A1")]), tmp_path / "m.csv")
    assert read_matrix(tmp_path / "m.csv").rows[0].error == "=cmd()|'/c calc'!A1"


def test_split_matrix_has_a_file_per_system_in_product_order(tmp_path: Path) -> None:
    matrix = Matrix.from_rows([row(system="h100_sxm"), row(system="zeta"), row(system="b200_sxm"), row("m0")])
    write_split(matrix, tmp_path / "split")
    index = '{\n  "files": [\n    "b200_sxm.csv",\n    "h100_sxm.csv",\n    "zeta.csv"\n  ]\n}\n'
    assert (tmp_path / "split" / INDEX).read_text() == index
    expected = "\n".join((HEADER, SILICON_LINE.replace("m1", "m0"), SILICON_LINE, ""))
    assert (tmp_path / "split" / "h100_sxm.csv").read_text() == expected
    assert read_matrix(tmp_path / "split") == matrix


def test_split_removes_only_stale_files_that_the_old_index_lists(tmp_path: Path) -> None:
    folder = tmp_path / "split"
    write_split(Matrix.from_rows([row(), row(system="a100_sxm")]), folder)
    lines(folder / "mine.csv", "not yours")
    lines(tmp_path / "outside.csv", "not yours")
    (folder / INDEX).write_text('{"files": ["a100_sxm.csv", "h100_sxm.csv", "../outside.csv", "gone.csv"]}')
    write_split(Matrix.from_rows([row()]), folder)
    assert names(folder) == ["h100_sxm.csv", INDEX, "mine.csv"]
    assert (tmp_path / "outside.csv").exists()


WRITERS: tuple[Callable[[Path], None], ...] = (
    lambda path: write_matrix(Matrix.from_rows([row()]), path / "m.csv"),
    lambda path: write_split(Matrix.from_rows([row(), row(system="b200_sxm")]), path),
    lambda path: publish({path / "m.parquet": b"", path / "m.csv": b""}),
)


@pytest.mark.parametrize("write", WRITERS)
def test_place_under_a_file_is_refused(tmp_path: Path, write: Callable[[Path], None]) -> None:
    lines(tmp_path / "file", "kept")
    before = snapshot(tmp_path)
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError, match=r"found that .*file is a file; expected a folder") as caught:
            write(folder)
        assert caught.value.exit_code == 2
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("folder", ["/proc", "/proc/none"])
def test_folder_that_cannot_be_written_is_refused(folder: str, write: Callable[[Path], None]) -> None:
    with pytest.raises(OutputError, match="expected a place that can be written"):
        write(Path(folder))


@pytest.mark.parametrize(("path", "found"), [(".", "a folder"), ("/dev/null", "a device or pipe")])
def test_matrix_is_not_written_over_what_is_no_file(path: str, found: str) -> None:
    with pytest.raises(OutputError, match=f"found {found}; expected the name of a file"):
        write_matrix(Matrix.from_rows([row()]), Path(path))


def test_split_writes_nothing_when_one_file_cannot_be_written(tmp_path: Path) -> None:
    write_split(Matrix.from_rows([row(), row(system="b200_sxm")]), tmp_path)
    (tmp_path / "h200_sxm.csv").mkdir()
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"h200_sxm\.csv: found a folder"):
        write_split(Matrix.from_rows([row("m2", system=each) for each in ("b200_sxm", "h200_sxm")]), tmp_path)
    assert snapshot(tmp_path) == before


def test_split_leaves_no_temporary_files_when_the_writing_breaks_off(tmp_path: Path) -> None:
    write_split(Matrix.from_rows([row()]), tmp_path)
    before = snapshot(tmp_path)
    # The name itself just fits into a folder, its temporary one does not; the files before it are already waiting.
    with pytest.raises(OutputError, match=r"z\.csv: found File name too long"):
        write_split(Matrix.from_rows([row("m2"), row(system="z" * 250)]), tmp_path)
    assert snapshot(tmp_path) == before


def test_split_does_not_write_over_a_foreign_index(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text('{"pages": 3}')
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"index\.json: found no list of file names; expected the index of a support"):
        write_split(Matrix.from_rows([row()]), tmp_path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("system", ["../up", "a/b", "/abs", "a\0b"])
def test_system_that_cannot_be_a_file_name_is_refused(tmp_path: Path, system: str) -> None:
    with pytest.raises(OutputError, match="expected a name that can be a file's"):
        write_split(Matrix.from_rows([row(system=system)]), tmp_path / "split")
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("matrix", [Matrix(()), Matrix((row(), row()))])
def test_empty_and_ambiguous_results_are_not_written(tmp_path: Path, matrix: Matrix) -> None:
    with pytest.raises(OutputError, match="expected one row for every cell, and at least one"):
        write_matrix(matrix, tmp_path / "m.csv")
    assert snapshot(tmp_path) == {}


# What the subject ships


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.csv")), ids=lambda path: path.stem)
def test_shipped_file_is_written_again_byte_for_byte(tmp_path: Path, path: Path) -> None:
    write_matrix(read_matrix(path), tmp_path / path.name)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_shipped_folder_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    write_split(read_matrix(SHIPPED), tmp_path)
    shipped = {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    assert len(shipped) == 11
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == shipped


def test_one_file_holds_the_shipped_folder(tmp_path: Path) -> None:
    matrix = read_matrix(SHIPPED)
    write_matrix(matrix, tmp_path / "m.csv")
    assert read_matrix(tmp_path / "m.csv") == matrix
    rows_of_upstream = [
        each for path in SHIPPED.glob("*.csv") for each in csv.DictReader(io.StringIO(path.read_text(), newline=""))
    ]
    with (tmp_path / "m.csv").open(newline="") as stream:
        ours = list(csv.DictReader(stream))
    key = list(COLUMNS)[:6]
    assert ours == sorted(rows_of_upstream, key=lambda each: [each[name] for name in key])
    assert {each["Status"] for each in ours} == set(Status)
