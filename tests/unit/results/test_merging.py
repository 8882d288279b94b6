"""Shards of one run give what the run would have given; anything else is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.errors import ResultsError, UsageError
from harness.matrix.evidence import evidence_path
from harness.matrix.results import save
from harness.matrix.run import RunResult
from harness.results.journal import Shard, entry_of, header_of
from harness.results.merging import merge_shards
from harness.results.stream import Writer, partial_path
from tests.fakes.results import VERSIONS, feasible
from tests.fakes.subjects import FakeInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

CELLS = tuple(Cell(f"Org/M{n}", f"s{s}", "vllm", "1.0", mode) for s in range(5) for n in range(3) for mode in Mode)
NO_INPUTS = FakeInputs()


def _part(  # noqa: PLR0913 - as many as a part has sides
    path: Path,
    cells: Sequence[Cell],
    shard: Shard,
    *,
    asked: Sequence[Cell] = CELLS,
    inputs: FakeInputs = NO_INPUTS,
    versions: Mapping[str, str] | None = None,
    told: Sequence[Cell] | None = None,
    finish: bool = True,
) -> Path:
    made = {**VERSIONS, "subject": "fake 1.0", **(versions or {})}
    with Writer(path, header_of(asked, told or cells, inputs, made, shard=shard)) as writer:
        for cell in cells:
            writer.add(entry_of(feasible(cell)))
        if finish:
            writer.finish(1.0)
    return path if finish else partial_path(path)


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    return [_part(tmp_path / f"{n}.jsonl", CELLS[(n - 1) * 10 : n * 10], Shard(n, 3)) for n in (1, 2, 3)]


def _refusal(paths: Sequence[Path]) -> str:
    with pytest.raises(ResultsError) as refused:
        merge_shards(paths)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_in_any_order_they_give_the_bytes_of_the_run_in_one_piece(tmp_path: Path, parts: list[Path]) -> None:
    whole = merge_shards([_part(tmp_path / "all.jsonl", CELLS, Shard())])
    assert [verdict.cell for verdict in whole.verdicts] == sorted(CELLS)
    files = {}
    for number, order in enumerate(permutations(parts)):
        for name, run in (("whole", whole), (f"merged{number}", merge_shards(order))):
            out = tmp_path / name / "m.csv"
            save(RunResult(run.verdicts, ()), run.subject, out, None, merge=False, made_with=run.made_with)
            files[name] = out.read_bytes(), evidence_path(out).read_bytes()
    assert len(set(files.values())) == 1


def test_a_part_may_be_empty(tmp_path: Path) -> None:
    paths = [_part(tmp_path / "1.jsonl", CELLS, Shard(1, 2)), _part(tmp_path / "2.jsonl", (), Shard(2, 2), told=())]
    assert len(merge_shards(paths).verdicts) == len(CELLS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: [], "merge: found no part; expected at least one."),
        (lambda parts: parts[:2], "merge: found no part 3/3; expected all 3 parts of the run."),
        (lambda parts: [parts[1]], "merge: found no part 1/3, 3/3; expected all 3"),
        (lambda parts: [*parts, parts[1]], "2.jsonl: found it twice; expected every part once."),
        (
            lambda parts: [*parts, _copy(parts[1])],
            "copy.jsonl:1, field about.shard: found 2/3, which ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[19:], Shard(3, 3))],
            "3.jsonl: found Org/M0 on s3/vllm/1.0 disagg, which ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[21:], Shard(3, 3))],
            "field about.asked: found 29 cells in all parts; expected the cells that the run was asked for.",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[21:], Shard(3, 3), told=CELLS[20:])],
            "3.jsonl: found 9 records of other cells; expected the cells that its first line tells of. Run that",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 4))],
            "3.jsonl:1, field about.shard: found '3/4'; expected a part of 3, as in ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 3), finish=False)],
            "3.jsonl.partial:12: found the end of the file after 10 records, without a footer",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 3), versions={"subject": "fake 2.0"})],
            "3.jsonl:1, field versions.subject: found 'fake 2.0'; expected 'fake 1.0', as in ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 3), versions={"harness": "9"})],
            "3.jsonl:1, field versions.harness: found '9'; expected '1.0', as in ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 3), inputs=FakeInputs("edited"))],
            "3.jsonl:1, field about.inputs (code and data of the subject): found 'edited'; expected 'whole', as in ",
        ),
        (
            lambda parts: [*parts[:2], _part(parts[2], CELLS[20:], Shard(3, 3), asked=CELLS[20:])],
            "3.jsonl:1, field about.asked (cells asked for, by filters and by what the subject has): found ",
        ),
    ],
)
def test_anything_else_is_refused_by_name(
    parts: list[Path], change: Callable[[list[Path]], list[Path]], message: str
) -> None:
    assert message in _refusal(change(parts))


def _copy(path: Path) -> Path:
    copy = path.with_name("copy.jsonl")
    copy.write_bytes(path.read_bytes())
    return copy


@pytest.mark.parametrize("said", ["0/3", "4/3", "3", "x", "1/0"])
def test_a_part_that_is_none_is_refused(parts: list[Path], said: str) -> None:
    lines = parts[2].read_bytes().splitlines(keepends=True)
    header = json.loads(lines[0])
    header["about"]["shard"] = said
    parts[2].write_bytes(b"".join([json.dumps(header).encode() + b"\n", *lines[1:]]))
    assert "3" in _refusal(parts)


def test_a_verdict_that_was_edited_is_refused(parts: list[Path]) -> None:
    parts[0].write_bytes(parts[0].read_bytes().replace(b'"ttft_ms":12.5', b'"ttft_ms":11.5', 1))
    assert "1.jsonl:2, Org/M0 on s0/vllm/1.0 agg: found a verdict that was changed" in _refusal(parts)


def test_every_cut_is_refused(parts: list[Path]) -> None:
    content = parts[0].read_bytes()
    for size in range(0, len(content), 101):
        parts[0].write_bytes(content[:size])
        assert str(parts[0]) in _refusal(parts)


@pytest.mark.parametrize("text", ["3/2", "0/2", "1/0", "-1/2", "1", "1/2/3", "a/b", "", "1/ 2", "٣/٤"])
def test_a_shard_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--shard: found .* expected a part and how many there are, such as 1/4"):
        Shard.parse(text)


def test_a_shard_is_read_and_said() -> None:
    assert str(Shard.parse("2/7")) == "2/7"
    assert replace(Shard.parse("2/7"), number=3) == Shard(3, 7)
