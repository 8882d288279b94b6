"""`aic-harness explain` from outside: its streams, its exit codes, and one document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.cli.explain import _paint
from tests.fakes.guide import located

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _needs_a_subject() -> None:
    pytest.importorskip("aiconfigurator")


def test_a_disagreement_is_exit_code_1_and_the_document_stands_alone(aic: Run) -> None:
    done = aic("explain", "XiaomiMiMo/MiMo-V2-Flash", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads(done.stdout)
    assert document["counts"]["mixer"] == {"full": 9, "window": 39}
    assert document["disagreements"]
    assert not document["by_choice"]


def test_agreement_is_exit_code_0_and_no_colour_goes_into_a_pipe(aic: Run) -> None:
    done = aic("explain", "Qwen/Qwen3-32B")
    assert done.returncode == 0
    assert done.stdout.startswith("Qwen/Qwen3-32B (Qwen3ForCausalLM), 64 layers\n")
    assert "\x1b" not in done.stdout
    assert done.stderr.startswith("aic-harness ")


def test_what_upstream_chose_is_exit_code_0(aic: Run) -> None:
    done = aic("explain", "deepseek-ai/DeepSeek-V4-Flash", "--json", "-q")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["by_choice"]
    assert not document["disagreements"]


def test_a_model_that_the_subject_does_not_map_is_exit_code_0(aic: Run) -> None:
    done = aic("explain", located("ai21labs--Jamba-v0.1"), "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "does not map JambaForCausalLM" in done.stdout


def test_a_model_that_is_not_there_is_exit_code_2_in_one_line(aic: Run) -> None:
    done = aic("explain", "Org/Nothing", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: 'Org/Nothing': found no such path and no stored config")
    assert done.stderr.count("\n") == 1


def test_an_environment_without_a_subject_is_exit_code_3(aic: Run, site: Callable[..., Path]) -> None:
    done = aic("explain", "Qwen/Qwen3-32B", "-q", site=site("aiconfigurator"))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1


def test_help_has_an_example(aic: Run) -> None:
    done = aic("explain", "--help")
    assert done.returncode == 0
    assert "Example: aic-harness explain Qwen/Qwen3.5-397B-A17B" in done.stdout


def test_signs_are_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _paint("F", 0) == "F"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    first, second = _paint("F", 0), _paint("F", 1)
    assert "F" in first
    assert first != second
