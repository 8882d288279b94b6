from __future__ import annotations

import csv
import io
import os
import resource
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.coordinates import Mode, Status
from harness.errors import OutputError
from harness.matrix.publish import publish
from harness.matrix.records import SOURCES
from harness.matrix.store import (
    INDEX,
    read_matrix,
    write_matrix,
    write_split,
)
from harness.matrix.table import COLUMNS, Matrix, Row, one_line
from tests.fakes.matrix_files import FAIL_LINE, HEADER, SILICON_LINE, lines, names, row, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(str(files("aiconfigurator_core"))) / "systems" / "support_matrix"


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
    # The second file does not fit any more; the one before it is already waiting.
    rows = [row("m2"), row(system="zzz", error="x" * 10_000)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"zzz\.csv: found File too large"):
            write_split(Matrix.from_rows(rows), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(("umask", "new"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
@pytest.mark.parametrize("old", [None, 0o600, 0o640, 0o666])
def test_permissions_are_those_of_the_file_before_or_as_the_umask_says(
    tmp_path: Path, umask: int, new: int, old: int | None
) -> None:
    path = tmp_path / "m.csv"
    if old is not None:
        path.touch()
        path.chmod(old)
    before = os.umask(umask)
    try:
        publish({path: b"new"})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == (new if old is None else old)


def test_a_name_that_just_fits_is_written(tmp_path: Path) -> None:
    publish({tmp_path / ("x" * 255): b"new"})
    assert names(tmp_path) == ["x" * 255]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = lines(tmp_path / "outside", "not yours")
    link = tmp_path / "m.csv"
    link.symlink_to(outside)
    publish({link: b"new"})
    assert (link.read_bytes(), link.is_symlink(), outside.read_text()) == (b"new", False, "not yours\n")


def test_a_folder_that_is_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "deeper").symlink_to(outside)
    with pytest.raises(OutputError, match="is a link that leads out of"):
        publish({inside / "a": b"", inside / "deeper" / "b": b""}, within=inside)
    assert names(outside) == []
    assert names(inside) == ["deeper"]


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
