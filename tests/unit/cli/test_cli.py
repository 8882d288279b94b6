"""The console script as a user meets it: exit codes, what goes to stdout, what goes to stderr."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from harness.cli import app
from harness.coordinates import Cell, Mode
from harness.matrix.cells import all_cells
from harness.matrix.evidence import read_evidence
from harness.matrix.records import Status
from harness.matrix.store import write_matrix, write_split
from harness.matrix.table import COLUMNS, Matrix, Row

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.subjects.api import Subject

    Done = subprocess.CompletedProcess[str]
    Site = Callable[..., Path]
    Aic = Callable[..., Done]

# Two models on a small database: one that fits, and one whose FP4 the GPU does not have.
FITS, LACKS = "Qwen/Qwen3-0.6B", "nvidia/Qwen3-235B-A22B-NVFP4"
B60 = ("--system", "b60", "--backend", "vllm", "--version", "0.26.0")
CHEAP = ("matrix", "run", "--model", LACKS, *B60)

HEADER = ",".join(COLUMNS)
GOOD_LINE = "m1,Arch,h100_sxm,vllm,1.10,agg,PASS,,cmd,silicon"
FAIL_LINE = "m1,Arch,h100_sxm,vllm,1.10,disagg,FAIL,KeyError: x,cmd,"


@pytest.fixture(scope="session")
def aic(run_python: Callable[..., Done]) -> Aic:
    return lambda *arguments, **options: run_python("-m", "harness.cli", *map(str, arguments), **options)


def lines(path: Path, *content: str) -> Path:
    path.write_text("\n".join(content) + "\n")
    return path


def row(cell: Cell, status: Status = Status.PASS) -> Row:
    source = {Status.PASS: "silicon", Status.HYBRID_PASS: "xop"}.get(status, "")
    return Row(cell.model, "Arch", cell.system, cell.backend, cell.version, cell.mode, status, "", "cmd", source)


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(each): each.read_bytes() if each.is_file() else None for each in sorted(folder.rglob("*"))}


def refused(done: Done, code: int = 2) -> str:
    """The one line that a refused command says."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("\n")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


# Help


def commands(group: typer.core.TyperGroup, *names: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *names, name)
        else:
            yield (*names, name)


ROOT = typer.main.get_command(app)
assert isinstance(ROOT, typer.core.TyperGroup)
COMMANDS = sorted(commands(ROOT))


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_help_teaches_by_an_example(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    shown = " ".join(re.sub(r"[^\x20-\x7e]", " ", done.output).split())
    assert f"aic-harness {' '.join(command)}".strip() in shown.partition("Usage: ")[2].partition("] ")[2]


def test_commands_of_the_matrix_and_the_set_up_are_there() -> None:
    names = {"matrix run", "matrix diff", "matrix verify", "configs", "version"}
    assert names <= {" ".join(command) for command in COMMANDS}


@pytest.mark.parametrize(
    ("command", "also"),
    [((), {"pydantic"}), (("matrix", "run"), set())],  # typer takes pydantic to read the options of a command
    ids=["aic-harness", "matrix run"],
)
def test_help_loads_nothing_heavy(run_python: Callable[..., Done], command: tuple[str, ...], also: set[str]) -> None:
    done = run_python("-X", "importtime", "-m", "harness.cli", *command, "--help")
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in loaded
    heavy = {"aiconfigurator", "aiconfigurator_core", "numpy", "pandas", "pyarrow", "tabulate", "yaml"} | also
    assert loaded & heavy == set()


# Bad input


@pytest.mark.parametrize(
    ("option", "value", "existing"),
    [
        ("--model", "Qwen/Qwen3-8000B", "Qwen/Qwen3-8B"),
        ("--system", "h100", "h100_sxm"),
        ("--backend", "tensorrt", "sglang, trtllm, vllm"),
        ("--version", "0.24", "0.24.0"),
        ("--mode", "both", "agg, disagg"),
    ],
)
def test_unknown_coordinate_is_answered_with_what_exists(
    aic: Aic, tmp_path: Path, option: str, value: str, existing: str
) -> None:
    line = refused(aic("matrix", "run", option, value, "--out", "m.csv", cwd=tmp_path))
    assert line.startswith(
        f"error: {option}: found {value!r}, which matches nothing; expected an exact value or a glob"
    )
    assert existing in line
    assert list(tmp_path.iterdir()) == []


def test_coordinates_that_exclude_each_other_are_refused(aic: Aic, tmp_path: Path) -> None:
    line = refused(aic("matrix", "run", "--system", "b60", "--backend", "sglang", "--json", cwd=tmp_path))
    assert "such as b60/vllm/0.20.0, b60/vllm/0.26.0" in line


BAD_FILES = [
    (b"HuggingFaceID,Architecture\nm,a\n", "m.csv:1: found a header of 2 columns"),
    (HEADER.replace("Status", "State").encode() + b"\n", "m.csv:1: found 'State' as column 7"),
    (f"{HEADER}\nm1,Arch\n".encode(), "m.csv:2: found 2 fields; expected 10 fields"),
    (
        f"{HEADER}\n{GOOD_LINE}\n{GOOD_LINE}\n".encode(),
        "m.csv:3: found a second row for 'm1 on h100_sxm/vllm/1.10 agg'",
    ),
    (f"{HEADER}\n{GOOD_LINE.replace('PASS', 'passed')}\n".encode(), "m.csv:2, field Status: found 'passed'; expected"),
    (f"{HEADER}\n{GOOD_LINE}\n".encode().replace(b"cmd", b"\xe9"), "m.csv:2: found byte 0xe9"),
    (b"", "m.csv:1: found an empty file"),
    (f"{HEADER}\n".encode(), "m.csv: found no rows"),
]


@pytest.mark.parametrize(
    ("content", "problem", "place"), [(*each, place % 2) for place, each in enumerate([*BAD_FILES, BAD_FILES[0]])]
)
def test_diff_refuses_a_bad_file_in_either_place(
    aic: Aic, tmp_path: Path, content: bytes, problem: str, place: int
) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    lines(tmp_path / "good.csv", HEADER, GOOD_LINE)
    before = snapshot(tmp_path)
    names = ("m.csv", "good.csv") if place == 0 else ("good.csv", "m.csv")
    assert refused(aic("matrix", "diff", *names, cwd=tmp_path)).startswith(f"error: {problem}")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(("content", "problem"), BAD_FILES)
def test_verify_finds_what_is_bad_in_a_file(aic: Aic, tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    done = aic("matrix", "verify", "m.csv", "--structure-only", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    (error,) = json.loads(done.stdout)["errors"]
    assert error.startswith(problem)


@pytest.mark.parametrize(("content", "problem"), BAD_FILES[:1] + BAD_FILES[5:6])
def test_run_refuses_to_merge_into_a_bad_file_before_it_judges(
    aic: Aic, tmp_path: Path, content: bytes, problem: str
) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    before = snapshot(tmp_path)
    assert refused(aic(*CHEAP, "--out", "m.csv", cwd=tmp_path)).startswith(f"error: {problem}")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("command", [("diff", "gone.csv", "gone.csv"), ("verify", "gone.csv", "--structure-only")])
def test_missing_file_is_refused(aic: Aic, tmp_path: Path, command: tuple[str, ...]) -> None:
    line = refused(aic("matrix", *command, cwd=tmp_path))
    assert line.startswith("error: gone.csv: found no such file; expected ")


@pytest.mark.parametrize(
    ("option", "target", "found"),
    [
        ("--out", "folder", "a folder"),
        ("--out", "file/m.csv", "is a file"),
        ("--out", "/proc/nowhere/m.csv", "/proc cannot be written"),
        ("--out", "/dev/null", "a device or pipe"),
        ("--split", "file", "a file"),
        ("--split", "file/matrix", "is a file"),
        ("--split", "/proc/nowhere", "/proc cannot be written"),
    ],
)
def test_output_that_cannot_be_written_is_refused_before_anything_is_judged(
    aic: Aic, tmp_path: Path, option: str, target: str, found: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    before = snapshot(tmp_path)
    line = refused(aic(*CHEAP, option, target, cwd=tmp_path))
    assert line.startswith(f"error: {target}: found ")
    assert found in line
    assert snapshot(tmp_path) == before


def test_markdown_and_json_exclude_each_other(aic: Aic, tmp_path: Path) -> None:
    lines(tmp_path / "m.csv", HEADER, GOOD_LINE)
    line = refused(aic("matrix", "diff", "m.csv", "m.csv", "--markdown", "--json", cwd=tmp_path))
    assert "--markdown and --json" in line


@pytest.mark.parametrize(
    "arguments", [("matrix", "run", "--jobs", "-1"), ("matrix", "diff"), ("nonsense",), ("--nope",)]
)
def test_wrong_usage_ends_with_exit_code_2_and_no_traceback(aic: Aic, arguments: tuple[str, ...]) -> None:
    done = aic(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


# Without a subject

NEED_A_SUBJECT = [("matrix", "run"), ("matrix", "run", "--json"), ("matrix", "verify", "m.csv"), ("configs",)]


@pytest.mark.parametrize("command", NEED_A_SUBJECT, ids=" ".join)
@pytest.mark.parametrize(
    "environment",
    [
        ("aiconfigurator", "no distribution `aiconfigurator`"),
        ("aiconfigurator_core", "aiconfigurator 0.12.0 without `aiconfigurator-core`"),
    ],
)
def test_command_that_needs_a_subject_says_so(
    aic: Aic, site: Site, tmp_path: Path, command: tuple[str, ...], environment: tuple[str, str]
) -> None:
    gone, found = environment
    work = tmp_path / "work"
    work.mkdir()
    lines(work / "m.csv", HEADER, GOOD_LINE)
    before = snapshot(work)
    line = refused(aic(*command, site=site(gone), cwd=work), code=3)
    assert line.startswith(f"error: the subject: found {found}; expected ")
    assert "pip install 'aiconfigurator-harness[subject]'" in line
    assert snapshot(work) == before


def test_bad_subject_path_is_wrong_input(aic: Aic, tmp_path: Path) -> None:
    line = refused(aic("configs", "--subject-path", tmp_path / "gone"))
    assert line.startswith(f"error: --subject-path: found {tmp_path / 'gone'}; expected a folder")


def test_commands_on_files_do_without_a_subject(aic: Aic, site: Site, tmp_path: Path) -> None:
    path, folder = lines(tmp_path / "m.csv", HEADER, GOOD_LINE), site("aiconfigurator")
    assert aic("matrix", "diff", path, path, site=folder).returncode == 0
    assert aic("matrix", "verify", path, "--structure-only", site=folder).returncode == 0
    done = aic("version", "--json", site=folder)
    assert (done.returncode, json.loads(done.stdout)["subject"]) == (0, None)


# A run


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
    header, progress = ran[0].stderr.splitlines()
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
    lines(tmp_path / "old.csv", HEADER, GOOD_LINE, FAIL_LINE)
    changed = GOOD_LINE.replace("PASS", "HYBRID_PASS").replace("silicon", "xop")
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


# The rest


def test_configs_compares_what_is_shipped_with_what_is_stored(aic: Aic) -> None:
    done = aic("configs", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (document["common"], document["only_shipped"], document["only_stored"]) == (89, [], [])
    text = aic("configs", "--quiet")
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.startswith("89 models are both shipped by the subject and stored here")


def test_version_names_everything_a_result_depends_on(aic: Aic) -> None:
    done = aic("version", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {"harness", "subject", "data", "python"}
    assert (document["subject"], document["data"]) == ("0.12.0", "0.12.0")
    assert "subject  0.12.0" in aic("version").stdout
