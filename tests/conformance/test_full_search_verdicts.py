"""The recorded matrix, and the fast search itself, against verdicts of upstream's own generator, release 0.12.0.

`fixtures/full_search_verdicts.csv` holds what the generator says, by its full search or by the same search with its
ladder of TPOT targets reduced to the highest one. None of it was made by the fast search.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode
from harness.data_files import data_path
from harness.matrix.judge import Bench
from harness.matrix.store import read_matrix

if TYPE_CHECKING:
    from harness.subjects.api import Subject

with data_path("fixtures", "full_search_verdicts.csv").open(encoding="utf-8", newline="") as stream:
    VERDICTS = tuple(csv.DictReader(stream))


@pytest.fixture(scope="module")
def recorded_verdicts() -> dict[Cell, tuple[str, str]]:
    matrix = read_matrix(data_path("support_matrix.csv"))
    return {row.cell: (row.status.value, row.source) for row in matrix.rows}


@pytest.mark.parametrize(
    "verdict", VERDICTS, ids=lambda row: "-".join(row[key] for key in ("model", "system", "backend", "version", "mode"))
)
def test_recorded_matrix_agrees_with_the_full_search(
    verdict: dict[str, str], recorded_verdicts: dict[Cell, tuple[str, str]]
) -> None:
    cell = Cell(verdict["model"], verdict["system"], verdict["backend"], verdict["version"], Mode(verdict["mode"]))
    assert recorded_verdicts[cell] == (verdict["status"], verdict["source"])


# One cell of each kind of answer: loading a database for each costs seconds.
KINDS = tuple({(row["status"], row["source"], row["mode"]): row for row in reversed(VERDICTS)}.values())


@pytest.mark.parametrize("verdict", KINDS, ids=lambda row: f"{row['status']}-{row['source']}-{row['mode']}")
def test_fast_search_agrees_with_the_full_search(verdict: dict[str, str], subject: Subject) -> None:
    if subject.info.data_version != "0.12.0":
        pytest.skip("the verdicts are those of release 0.12.0")
    cell = Cell(verdict["model"], verdict["system"], verdict["backend"], verdict["version"], Mode(verdict["mode"]))
    bench = Bench(subject)
    found = bench.judge(cell)
    bench.close()
    assert (found.status.value, found.source) == (verdict["status"], verdict["source"])
