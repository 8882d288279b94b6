"""`aic-harness compare` as a user meets it, on results of the installed subject and a changed copy of them."""

from __future__ import annotations

import json
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.matrix.diff import cell_document
from tests.fakes.console import refused
from tests.fakes.results import feasible, matrix_written

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Done = subprocess.CompletedProcess[str]
    Aic = Callable[..., Done]

WRONG = "nvidia/Gemma-4-31B-IT-NVFP4"
CHECKS = ("Qwen/Qwen3-8B", WRONG, "--check", "is_moe", "--check", "cache")


@pytest.fixture(scope="module")
def measured(aic: Aic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two models, as the installed subject gives them."""
    folder = tmp_path_factory.mktemp("results")
    done = aic("check", *CHECKS, "--quiet", "--results", folder / "real" / "findings.jsonl")
    assert done.returncode == 0
    return folder


def seeded(folder: Path, name: str, check: str, model: str, outcome: str) -> Path:
    """A copy of the results in which the findings of one pair are others."""
    lines = [json.loads(line) for line in (folder / "real" / "findings.jsonl").read_text().splitlines()]
    (entry,) = (line for line in lines if line.get("key") == f"check_{check}[{model}]")
    assert entry["outcome"] != outcome
    lines[-1]["outcomes"][entry["outcome"]] -= 1
    lines[-1]["outcomes"] = {key: count for key, count in lines[-1]["outcomes"].items() if count}
    lines[-1]["outcomes"][outcome] = lines[-1]["outcomes"].get(outcome, 0) + 1
    entry["outcome"] = outcome
    finding = {"outcome": outcome}
    if outcome == "fail":
        finding |= {"about": "is_moe", "expected": "False", "actual": "True", "arithmetic": "0 of 36 layers"}
    entry["content"]["findings"] = [finding]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_run_against_itself_is_0(aic: Aic, measured: Path) -> None:
    done = aic("compare", measured / "real", measured / "real" / "findings.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 regressions. findings: 0 new, 0 fixed." in done.stdout


def test_a_seeded_regression_is_1_and_shown(aic: Aic, measured: Path) -> None:
    worse = seeded(measured, "worse", "is_moe", "Qwen/Qwen3-8B", "fail")
    done = aic("compare", measured / "real", worse)
    assert done.returncode == 1
    assert "1 regressions. findings: 1 new, 0 fixed." in done.stdout
    assert ["is_moe", "Qwen/Qwen3-8B", "is_moe", "False", "True"] in [line.split() for line in done.stdout.splitlines()]
    document = json.loads(aic("compare", measured / "real", worse, "--json").stdout)
    assert [row["model"] for row in document["findings"]["new"]] == ["Qwen/Qwen3-8B"]
    assert aic("compare", measured / "real", worse, "--markdown").stdout.startswith("# ")


def test_a_bug_that_went_is_0_and_shown(aic: Aic, measured: Path) -> None:
    better = seeded(measured, "better", "is_moe", WRONG, "pass")
    done = aic("compare", measured / "real", better, "--json")
    assert done.returncode == 0
    assert [row["known_issue"] for row in json.loads(done.stdout)["findings"]["fixed"]] == ["gemma4-dense-flagged-moe"]


def test_notes_are_on_stderr_and_quiet_silences_them(aic: Aic, measured: Path) -> None:
    real = (measured / "real" / "findings.jsonl").read_text()
    other = measured / "other.jsonl"
    other.write_text(real.replace('"harness":"', '"harness":"9.', 1))
    done = aic("compare", measured / "real", other)
    assert done.stderr.startswith("note: ")
    assert "a difference may be the harness's own" in done.stderr
    assert aic("compare", measured / "real", other, "--quiet").stderr == ""


def test_bad_input_is_one_line(aic: Aic, measured: Path) -> None:
    real = measured / "real" / "findings.jsonl"
    lines = real.read_text().splitlines(keepends=True)
    (cut := measured / "cut.jsonl").write_text("".join(lines[:-1]))
    (other := measured / "configs.jsonl").write_text(
        real.read_text().replace('"Qwen/Qwen3-8B":"', '"Qwen/Qwen3-8B":"0', 1)
    )
    cases = {
        (real, cut): "cut.jsonl:6: found the end of the file after 4 records, without a footer",
        (real, other): "configs.jsonl: found config 0",
        ("0.12.0", real, "--results", measured): "found no results of 0.12.0; expected findings.jsonl",
        (real, real, "--json", "--markdown"): "--markdown and --json: found both; expected one of the two.",
    }
    for arguments, message in cases.items():
        assert message in refused(aic("compare", *arguments))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local build: the installed package, linked into a folder of its own, with one bug more."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("aiconfigurator", "aiconfigurator_core"):
        source = Path(str(import_module(name).__file__)).parent
        (folder / name).symlink_to(source) if name == "aiconfigurator" else linked(source, folder / name)
    models = folder / "aiconfigurator_core" / "sdk" / "models" / "__init__.py"
    text = models.read_text()
    models.unlink()
    models.write_text(f"{text}\n\ndef check_is_moe(*_, **__):\n    return True\n")
    return folder


def linked(source: Path, folder: Path) -> None:
    """A folder of links to the files of another."""
    shutil.copytree(source, folder, copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))


def test_a_local_build_is_checked_and_compared(aic: Aic, measured: Path, build: Path) -> None:
    done = aic("compare", measured / "real", build, "--json")
    assert f"checking the build in {build}" in done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert [(row["check"], row["model"]) for row in found["findings"]["new"]] == [("is_moe", "Qwen/Qwen3-8B")]


def test_cells_of_a_build_are_judged_if_they_are_named(aic: Aic, build: Path, tmp_path: Path) -> None:
    cell, other = (Cell("Qwen/Qwen3-8B", "a100_sxm", "vllm", "0.14.0", mode) for mode in Mode)
    matrix_written(tmp_path / "support_matrix.csv", feasible(cell), feasible(other))
    named = ("--model", cell.model, "--system", cell.system, "--version", cell.version, "--mode", cell.mode)
    done = aic("compare", tmp_path, build, *named, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (found["statuses"]["added"], found["statuses"]["removed"], found["findings"]) == ([], [], None)
    changed = [row["cell"] for kind in ("changed", "inherited") for row in found["values"][kind]]
    assert changed == [cell_document(cell)] * len(changed)
    assert len(changed) > 2


def test_a_build_that_cannot_be_imported_is_one_line_and_3(aic: Aic, measured: Path, tmp_path: Path) -> None:
    (tmp_path / "aiconfigurator").mkdir()
    (tmp_path / "aiconfigurator" / "__init__.py").write_text("raise RuntimeError('half a build')\n")
    done = aic("compare", measured / "real", tmp_path, "--quiet")
    assert done.returncode == 3
    assert "half a build" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wheel_is_not_imported_and_the_way_is_said(aic: Aic, measured: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "aiconfigurator-0.13.0-py3-none-any.whl"
    wheel.touch()
    said = refused(aic("compare", measured / "real", wheel))
    assert "found a wheel; expected a folder that the package can be imported from. Unpack it" in said


def test_a_folder_of_neither_names_what_it_may_hold(aic: Aic, measured: Path, tmp_path: Path) -> None:
    said = refused(aic("compare", measured / "real", tmp_path))
    assert "found no results; expected findings.jsonl or support_matrix.csv" in said
