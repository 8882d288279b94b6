"""The console script as a user meets it: exit codes, what goes to stdout, what goes to stderr."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from harness.cli import app
from tests.fakes.console import CHEAP, refused
from tests.fakes.matrix_files import HEADER, SILICON_LINE, lines, snapshot

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Done = subprocess.CompletedProcess[str]
    Site = Callable[..., Path]
    Aic = Callable[..., Done]


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


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_takes_the_options_that_all_have(command: tuple[str, ...]) -> None:
    named = CliRunner().invoke(app, [*command, "--help"]).stdout.split()
    assert {"--json", "--quiet", "--verbose"} <= {word.strip(",") for word in named}


def test_commands_of_the_matrix_and_the_set_up_are_there() -> None:
    names = {"matrix run", "matrix diff", "matrix verify", "cache info", "cache prune", "configs", "version"}
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
        f"{HEADER}\n{SILICON_LINE}\n{SILICON_LINE}\n".encode(),
        "m.csv:3: found a second row for 'm1 on h100_sxm/vllm/1.10 agg'",
    ),
    (
        f"{HEADER}\n{SILICON_LINE.replace('PASS', 'passed')}\n".encode(),
        "m.csv:2, field Status: found 'passed'; expected",
    ),
    (f"{HEADER}\n{SILICON_LINE}\n".encode().replace(b"cmd", b"\xe9"), "m.csv:2: found byte 0xe9"),
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
    lines(tmp_path / "good.csv", HEADER, SILICON_LINE)
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
    lines(tmp_path / "m.csv", HEADER, SILICON_LINE)
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
    lines(work / "m.csv", HEADER, SILICON_LINE)
    before = snapshot(work)
    line = refused(aic(*command, site=site(gone), cwd=work), code=3)
    assert line.startswith(f"error: the subject: found {found}; expected ")
    assert "pip install 'aiconfigurator-harness[subject]'" in line
    assert snapshot(work) == before


def test_bad_subject_path_is_wrong_input(aic: Aic, tmp_path: Path) -> None:
    line = refused(aic("configs", "--subject-path", tmp_path / "gone"))
    assert line.startswith(f"error: --subject-path: found {tmp_path / 'gone'}; expected a folder")


def test_commands_on_files_do_without_a_subject(aic: Aic, site: Site, tmp_path: Path) -> None:
    path, folder = lines(tmp_path / "m.csv", HEADER, SILICON_LINE), site("aiconfigurator")
    assert aic("matrix", "diff", path, path, site=folder).returncode == 0
    assert aic("matrix", "verify", path, "--structure-only", site=folder).returncode == 0
    done = aic("version", "--json", site=folder)
    assert (done.returncode, json.loads(done.stdout)["subject"]) == (0, None)


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
