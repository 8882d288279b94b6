"""`aic-harness scaffold` as a user meets it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.console import refused
from tests.fakes.guide import located

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Aic = Callable[..., subprocess.CompletedProcess[str]]


def paths(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_files_are_named_with_what_to_do_with_each(aic: Aic, tmp_path: Path) -> None:
    done = aic("scaffold", "openai/gpt-oss-20b", "--out", tmp_path / "new")
    assert done.returncode == 0
    assert done.stderr.startswith("aic-harness 0.")
    first, second, *rest = done.stdout.splitlines()
    assert first == "openai/gpt-oss-20b, situation S2"
    assert second.startswith("An existing family fits, and its parsing must learn")
    named = [line.split(". ", 1)[1] for line in rest[::2]]
    assert {str(tmp_path / "new" / path) for path in paths(tmp_path / "new")} == set(named)
    assert named[0].endswith("model_configs/openai--gpt-oss-20b_config.json")
    assert all(line.startswith("     ") for line in rest[1::2])


def test_a_model_that_fits_as_it_is(aic: Aic, tmp_path: Path) -> None:
    shutil.copy(located("microsoft--phi-4"), tmp_path / "config.json")
    done = aic("scaffold", tmp_path, "--model-id", "Org/Model", "--out", tmp_path / "out", "-q")
    assert done.returncode == 0
    assert "the config is all that is needed, and one line that maps its architecture." in done.stdout
    assert paths(tmp_path / "out") == {"model_configs/Org--Model_config.json", "REGISTRATION.md"}


def test_nothing_is_overwritten_unasked_and_json_lists_the_files(aic: Aic, tmp_path: Path) -> None:
    arguments = ("scaffold", "openai/gpt-oss-20b", "--out", tmp_path, "-q")
    (tmp_path / "OPS.md").write_text("mine")
    said = refused(aic(*arguments))
    assert "OPS.md there already" in said
    assert paths(tmp_path) == {"OPS.md"}
    done = aic(*arguments, "--force", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == 6
    assert set(json.loads(done.stdout)) == paths(tmp_path)
    assert (tmp_path / "OPS.md").read_text().startswith("# Ops of `openai/gpt-oss-20b`")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no/such-model"], "no such path and no stored config"),
        (["Qwen/Qwen3-8B", "--model-id", "nonsense"], "--model-id"),
        (["Qwen/Qwen3-8B", "--out", "/proc/nothing"], "/proc/nothing"),
    ],
)
def test_bad_input_is_one_line_and_2(arguments: list[str], says: str, aic: Aic, tmp_path: Path) -> None:
    out = [] if "--out" in arguments else ["--out", tmp_path / "out"]
    assert says in refused(aic("scaffold", *arguments, *out, "-q"))
    assert list(tmp_path.iterdir()) == []


def test_a_config_without_an_id_asks_for_one(aic: Aic, tmp_path: Path) -> None:
    shutil.copy(located("microsoft--phi-4"), tmp_path / "config.json")
    assert "Give --model-id Org/Model." in refused(aic("scaffold", tmp_path, "--out", tmp_path / "out", "-q"))
    assert paths(tmp_path) == {"config.json"}


def test_a_folder_to_write_into_must_be_given(aic: Aic) -> None:
    done = aic("scaffold", "Qwen/Qwen3-8B")
    assert done.returncode == 2
    assert "--out" in done.stderr


def test_a_subject_that_cannot_be_loaded_is_3(aic: Aic, site: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(aic("scaffold", "Qwen/Qwen3-8B", "--out", out, "-q", site=site("aiconfigurator")), 3)
    assert not out.exists()


def test_help_teaches(aic: Aic) -> None:
    shown = aic("scaffold", "--help").stdout
    assert "Example: aic-harness scaffold path/to/config.json --model-id Org/Model" in shown
