"""`aic-harness check` as a user meets it; the check that all of it rests on here is `is_moe`."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path
from tests.fakes.console import refused

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Done = subprocess.CompletedProcess[str]
    Aic = Callable[..., Done]

GOOD, WRONG = "Qwen/Qwen3-8B", "nvidia/Gemma-4-31B-IT-NVFP4"
MOE = ("--check", "is_moe")


@pytest.fixture(scope="session")
def aic(run_python: Callable[..., Done]) -> Aic:
    return lambda *arguments, **options: run_python("-m", "harness.cli", "check", *map(str, arguments), **options)


@pytest.fixture
def nothing_known(tmp_path: Path) -> Path:
    path = tmp_path / "nothing.toml"
    path.write_text("")
    return path


def test_nothing_wrong_is_0_and_a_known_issue_too(aic: Aic) -> None:
    done = aic(GOOD, WRONG, *MOE, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"known gemma4-dense-flagged-moe: check_is_moe[{WRONG}] is_moe" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("s: 1 pass, 1 known")


def test_what_is_not_known_is_shown_in_full(aic: Aic, nothing_known: Path) -> None:
    done = aic(WRONG, *MOE, "--known-issues", nothing_known, "-v")
    assert done.returncode == 1
    shown = done.stdout
    for text in (
        f"FAIL check_is_moe[{WRONG}] is_moe",
        "expected   False",
        "actual     True",
        "arithmetic 0 of 60 layers have routed experts",
        f"reproduce  aic-harness check {WRONG} --check is_moe",
        "snippet    ",
    ):
        assert text in shown
    assert "aic-harness 0." in done.stderr


def test_a_stale_known_issue_fails(aic: Aic, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(
        '[[known_issues]]\nid = "old"\ncheck = "is_moe"\nmodels = ["Qwen/Qwen3-8B"]\nsubjects = ">=0"\nkind = "bug"\n'
        'reason = "it was wrong in an older release"\n'
    )
    done = aic(GOOD, *MOE, "--known-issues", path)
    assert done.returncode == 1
    assert f"STALE check_is_moe[{GOOD}] known issue old" in done.stdout


def test_json_is_one_document_and_junit_a_file(aic: Aic, tmp_path: Path, nothing_known: Path) -> None:
    done = aic(
        GOOD,
        WRONG,
        *MOE,
        "--json",
        "--junit",
        "j.xml",
        "--findings",
        "f.md",
        "--known-issues",
        nothing_known,
        cwd=tmp_path,
    )
    found = json.loads(done.stdout)
    assert [(each["model"], each["outcome"]) for each in found] == [(GOOD, "pass"), (WRONG, "fail")]
    agreed = {
        "check",
        "phase",
        "lesson",
        "model",
        "subject",
        "outcome",
        "known_issue",
        "expected",
        "actual",
        "arithmetic",
    }
    assert agreed | {"reproduce"} <= set(found[0])
    cases = ET.parse(tmp_path / "j.xml").getroot().iter("testcase")  # noqa: S314 - our own
    assert [(case.get("name"), len(case)) for case in cases] == [
        (f"check_is_moe[{GOOD}]", 0),
        (f"check_is_moe[{WRONG}]", 1),
    ]
    assert (tmp_path / "f.md").read_text().startswith("# What the checks find in ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "check: found no model; expected a HuggingFace id, a path, --all or --check."),
        ((GOOD, "--all"), "check: found a model and --all"),
        ((GOOD, "--check", "gone"), "--check: found 'gone', which matches nothing"),
        (("Gone/Model", *MOE), "'Gone/Model': found no such path and no stored config"),
        ((GOOD, *MOE, "--known-issues", "gone.toml"), "gone.toml: found No such file or directory"),
        ((GOOD, *MOE, "--junit", "."), "found a folder; expected the name of a file to write"),
        ((GOOD, *MOE, "--results", "."), "found a folder; expected the name of a file to write"),
        ((GOOD, *MOE, "--subject-path", "gone"), "--subject-path: found gone"),
    ],
)
def test_bad_input_is_one_line(aic: Aic, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(aic(*arguments, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_config_among_others_is_named_and_nothing_is_lost(aic: Aic, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    done = aic(tmp_path, GOOD, *MOE)
    assert done.returncode == 2
    assert "1 pass" in done.stdout
    assert done.stderr.splitlines()[-1].startswith(f"error: {tmp_path / 'config.json'}")
    assert str(tmp_path) in refused(aic(tmp_path, *MOE))


def test_a_folder_of_ones_own_is_all_there_is(aic: Aic, tmp_path: Path) -> None:
    shutil.copy(data_path("model_configs", "Qwen--Qwen3-8B_config.json"), tmp_path / "Org--Own_config.json")
    done = aic("--all", *MOE, "--config-dir", tmp_path, "--json")
    assert [each["model"] for each in json.loads(done.stdout)] == ["Org/Own"]
    assert done.returncode == 0


def test_a_subject_that_is_not_there_is_3(aic: Aic, site: Callable[..., Path]) -> None:
    done = aic(GOOD, *MOE, site=site("aiconfigurator"))
    assert "the subject: found no distribution `aiconfigurator`" in refused(done, 3)
