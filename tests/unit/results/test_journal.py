"""A run goes on with its own journal, and with no other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Mode, Status
from harness.errors import ResultsError
from harness.results.journal import entry_of, header_of, unfinished
from harness.results.stream import Writer, partial_path
from tests.fakes.results import VERSIONS, feasible
from tests.fakes.subjects import CELL, FakeInputs

if TYPE_CHECKING:
    from pathlib import Path

    from harness.coordinates import Cell
    from harness.results.stream import Header

CELLS = (CELL, replace(CELL, mode=Mode.DISAGG), replace(CELL, model="Org/Other"))
VERDICTS = (feasible(CELLS[0]), replace(feasible(CELLS[1]), status=Status.FAIL, source="", point=None))


def _header(cells: tuple[Cell, ...] = CELLS, inputs: FakeInputs = FakeInputs(), **versions: str) -> Header:  # noqa: B008
    return header_of(cells, cells, inputs, {**VERSIONS, "subject": "fake 1.0", **versions})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.journal.jsonl"
    with Writer(path, _header(), lasting=True) as writer:
        for verdict in VERDICTS:
            writer.add(entry_of(verdict))
    return path


def _refusal(path: Path, header: Header) -> str:
    with pytest.raises(ResultsError) as refused:
        unfinished(path, header)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_was_judged_is_known(path: Path) -> None:
    assert unfinished(path, _header()) == VERDICTS


def test_without_a_journal_nothing_is_known(tmp_path: Path) -> None:
    assert unfinished(tmp_path / "gone", _header()) == ()
    for content in (b"", b'{"format"'):
        partial_path(tmp_path / "m").write_bytes(content)
        assert unfinished(tmp_path / "m", _header()) == ()


def test_a_run_that_died_after_its_last_verdict_has_left_all(path: Path) -> None:
    partial_path(path).rename(path)
    assert unfinished(path, _header()) == VERDICTS


def test_a_last_line_that_was_cut_off_is_judged_again(path: Path) -> None:
    content = partial_path(path).read_bytes()
    for size in range(content.index(b"\n") + 1, len(content) + 1):
        partial_path(path).write_bytes(content[:size])
        assert unfinished(path, _header()) == VERDICTS[: content[:size].count(b"\n") - 1]


def test_going_on_keeps_what_is_there_and_drops_the_torn_line(path: Path) -> None:
    partial = partial_path(path)
    whole = partial.read_bytes()
    partial.write_bytes(whole[:-5])
    with Writer(path, _header(), map(entry_of, unfinished(path, _header())), lasting=True) as writer:
        assert unfinished(path, _header()) == VERDICTS[:1]
        writer.add(entry_of(VERDICTS[1]))
        writer.finish(1.0)
    assert unfinished(path, _header()) == VERDICTS


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (_header(subject="fake 2.0"), "versions.subject: found 'fake 1.0'; expected 'fake 2.0', as in this run. Run"),
        (_header(data="data 2"), "versions.data: found 'data 1'; expected 'data 2'"),
        (_header(python="3.13"), "versions.python: found '3.11.7'"),
        (_header(inputs=FakeInputs("edited")), "about.inputs (code and data of the subject): found 'whole'"),
        (_header(CELLS[:2]), "about.asked (cells asked for, by filters and by what the subject has): found "),
        (header_of(CELLS, CELLS, FakeInputs(), VERSIONS, exhaustive=True), "about.exhaustive: found 'False'"),
    ],
)
def test_the_journal_of_another_run_is_refused(path: Path, header: Header, message: str) -> None:
    wanted = header if "subject" in header.versions else replace(header, versions=_header().versions)
    assert message in _refusal(path, wanted)


def test_the_journal_of_another_judge_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.results.journal.judge_version", lambda: "another")
    assert "about.judge (code and rules that judge): found '" in _refusal(path, _header())


@pytest.mark.parametrize(
    ("old", "new"),
    [('"status":"FAIL"', '"status":"PASS"'), ('"outcome":"FAIL"', '"outcome":"PASS"'), ('"tp":8', '"tp":4')],
)
def test_a_journal_that_was_edited_is_refused(path: Path, old: str, new: str) -> None:
    partial = partial_path(path)
    text = partial.read_text()
    assert old in text
    partial.write_text(text.replace(old, new))
    assert str(partial) in _refusal(path, _header())


def test_a_record_under_the_key_of_another_is_refused(path: Path) -> None:
    partial = partial_path(path)
    lines = partial.read_text().splitlines()
    record = json.loads(lines[1])
    record["key"] = str(CELLS[2])
    partial.write_text("\n".join([lines[0], json.dumps(record)]) + "\n")
    assert "expected what its content says: PASS of Org/Model" in _refusal(path, _header())
