"""`aic-harness assess` as a user meets it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.console import refused
from tests.fakes.guide import edited, located

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Aic = Callable[..., subprocess.CompletedProcess[str]]


def test_done_is_0_and_speaks_on_stdout(aic: Aic) -> None:
    done = aic("assess", "Qwen/Qwen3-8B")
    assert done.returncode == 0
    assert done.stderr.startswith("aic-harness 0.")
    assert done.stdout.startswith("Qwen/Qwen3-8B\n")
    assert "\x1b" not in done.stdout


def test_missing_is_1_and_json_is_alone_on_stdout(aic: Aic) -> None:
    done = aic("assess", located("ai21labs--Jamba-v0.1"), "--json", "--quiet")
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert (found["model"], found["situation"]) == ("ai21labs/Jamba-v0.1", "S3")
    assert all(phase["required"] for phase in found["phases"])
    assert found["next_step"].startswith("Phase 1, model config: ")


def test_the_checklist_is_markdown(aic: Aic) -> None:
    done = aic("assess", "Qwen/Qwen3-8B", "--checklist", "-q")
    assert done.returncode == 0
    assert done.stdout.count("\n- [x] Phase ") == 10


def test_the_id_of_a_config_that_has_none_can_be_told(aic: Aic, tmp_path: Path) -> None:
    shutil.copy(located("microsoft--phi-4"), tmp_path / "config.json")
    done = aic("assess", tmp_path, "--model-id", "microsoft/phi-4", "-q")
    assert done.returncode == 1
    assert "microsoft--phi-4_config.json" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_terminal_that_lacks_letters_gets_escapes(
    arguments: tuple[str, ...], aic: Aic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    target = edited("Qwen/Qwen3-8B", tmp_path, lambda raw: raw | {"architectures": ["\u65b0ForCausalLM"]})
    done = aic("assess", target, "-q", *arguments)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"\u65b0ForCausalLM is not mapped" in done.stdout
    if arguments:
        assert json.loads(done.stdout)["reasons"][0].startswith("\u65b0ForCausalLM is not mapped")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "'': found nothing"),
        (["no/such-model"], "no such path and no stored config"),
        (["Qwen/Qwen3-8B", "--system", "h900"], "h900"),
        (["Qwen/Qwen3-8B", "--model-id", "nonsense"], "--model-id"),
        (["Qwen/Qwen3-8B", "--json", "--checklist"], "--json and --checklist"),
    ],
)
def test_bad_input_is_one_line_and_2(arguments: list[str], says: str, aic: Aic) -> None:
    assert says in refused(aic("assess", *arguments, "-q"))


def test_help_teaches(aic: Aic) -> None:
    shown = aic("assess", "--help").stdout
    assert "S1: an existing model family fits as it is." in shown
    assert "Example: aic-harness assess path/to/config.json --model-id Org/Model" in shown
