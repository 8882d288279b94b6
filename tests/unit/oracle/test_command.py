"""The command writes the same bytes for the same answers, shows what changed, and exits by what happened."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from harness.errors import OutputError
from harness.oracle import __main__ as command
from harness.oracle.freeze import differences, frozen, write
from harness.oracle.records import Oracle, OracleModel

if TYPE_CHECKING:
    from pathlib import Path

MODEL = OracleModel(
    architecture="X",
    built_class="X",
    components={"embedding": 5, "norms": 3, "attention.full": 6},
    config_sha256="0" * 64,
    layers=("2x(full+none) 4 each",),
    parameters=14,
    tied=True,
    transformers="5.23.0",
    verdict="available",
)
LARGER = MODEL.model_copy(
    update={"components": {**MODEL.components, "norms": 7}, "layers": ("2x(full+none) 6 each",), "parameters": 18}
)
GONE = OracleModel(architecture="X", config_sha256="0" * 64, verdict="unavailable", reason="no class")


def oracle(**models: OracleModel) -> Oracle:
    return Oracle(schema_version=1, models=models)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Oracle:
    given = oracle(b=MODEL, a=GONE)
    monkeypatch.setattr(command, "collect", lambda _folder: given)
    return given


def test_the_same_answers_give_the_same_bytes_in_any_order() -> None:
    assert frozen(oracle(a=MODEL, b=LARGER)) == frozen(oracle(b=LARGER, a=MODEL))
    assert Oracle.model_validate_json(frozen(oracle(a=MODEL))) == oracle(a=MODEL)


def test_what_is_empty_is_left_out() -> None:
    assert "assumed" not in frozen(oracle(a=MODEL))
    assert "components" not in frozen(oracle(a=GONE))


def test_each_changed_figure_is_one_line() -> None:
    assert list(differences(oracle(a=MODEL), oracle(a=LARGER))) == [
        "a: components.norms: 3 -> 7 (+4)",
        "a: layers: 2x(full+none) 4 each -> 2x(full+none) 6 each",
        "a: parameters: 14 -> 18 (+4)",
    ]
    assert list(differences(oracle(a=MODEL, b=MODEL), oracle(b=MODEL, c=MODEL))) == ["a: gone", "c: new"]
    assert list(differences(oracle(a=MODEL), oracle(a=MODEL))) == []


def test_a_figure_that_disappears_is_shown_as_absent() -> None:
    lines = list(differences(oracle(a=MODEL), oracle(a=GONE)))
    assert "a: parameters: 14 -> (absent)" in lines
    assert "a: reason: (absent) -> no class" in lines


def test_a_new_version_of_the_library_is_one_line() -> None:
    newer = MODEL.model_copy(update={"transformers": "6.0.0"})
    assert list(differences(oracle(a=MODEL, b=MODEL), oracle(a=newer, b=newer))) == [
        "transformers: 5.23.0 -> 6.0.0 for 2 models"
    ]


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "oracle.json"
    write(path, "one\n")
    write(path, "two\n")
    assert path.read_bytes() == b"two\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write(tmp_path / "nowhere" / "oracle.json", "")


@pytest.mark.usefixtures("answer")
def test_it_writes_and_then_finds_nothing_to_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "oracle.json"
    assert command.main(["--out", str(out)]) == 0
    assert command.main(["--out", str(out), "--check"]) == 0
    shown = capsys.readouterr().out
    assert "a: unavailable: no class" in shown
    assert "2 models: 1 available, 1 unavailable; transformers 5.23.0" in shown
    assert "0 changes against" in shown


@pytest.mark.usefixtures("answer")
def test_a_mutated_file_is_found_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "oracle.json"
    mutated = frozen(oracle(b=LARGER, a=GONE))
    out.write_text(mutated, encoding="utf-8")
    assert command.main(["--out", str(out), "--check"]) == 1
    assert "b: components.norms: 7 -> 3 (-4)" in capsys.readouterr().out
    assert out.read_text(encoding="utf-8") == mutated


def test_a_file_edited_by_hand_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: Oracle) -> None:
    out = tmp_path / "oracle.json"
    out.write_text(frozen(answer).replace("\n", "\n "), encoding="utf-8")
    assert command.main(["--out", str(out), "--check"]) == 1
    assert "not written as this command writes them" in capsys.readouterr().out


@pytest.mark.usefixtures("answer")
def test_a_missing_file_cannot_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--out", str(tmp_path / "nowhere.json"), "--check"]) == 2
    assert "error: " in capsys.readouterr().err


def test_missing_libraries_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert command.main(["--out", str(tmp_path / "oracle.json")]) == 2
    assert "error: transformers is not installed; install the extra `oracle`" in capsys.readouterr().err


def test_nothing_can_ask_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asking(_folder: Path) -> Oracle:
        assert sys.stdin.read() == ""
        return oracle(a=MODEL)

    before = sys.stdin
    monkeypatch.setattr(command, "collect", asking)
    assert command.main(["--out", str(tmp_path / "oracle.json")]) == 0
    assert sys.stdin is before
