from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import harness
from harness.checks.records import Scope
from harness.checks.registry import checks
from tests.fakes.mutants import EXEMPT, MUTANTS, Mutant
from tests.fakes.mutants.proving import Prover, unexpected
from tests.fakes.mutants.table import page

MODELS = 5
"""Models that each mutant is examined on; the whole proof is `python -m tests.fakes.mutants --prove`."""


@cache
def prover() -> Prover:
    return Prover()


def _estimates(mutant: Mutant) -> bool:
    return mutant.check in checks() and checks()[mutant.check].scope is Scope.ESTIMATE


def test_every_check_has_a_mutant() -> None:
    assert set(checks()) - {mutant.check for mutant in MUTANTS} == set(EXEMPT)


def test_every_mutant_is_for_a_check_that_exists() -> None:
    assert {mutant.check for mutant in MUTANTS} <= set(checks())


def test_every_lesson_of_the_seed_is_broken() -> None:
    assert {mutant.lesson for mutant in MUTANTS} >= {1, 2, 3, 4, 5, 6}


def test_there_are_enough_mutants_and_each_is_one_of_its_own() -> None:
    assert len(MUTANTS) >= 40
    assert sum(mutant.breaks == "package" for mutant in MUTANTS) >= 15
    assert [name for name, times in Counter(mutant.id for mutant in MUTANTS).items() if times > 1] == []


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, marks=pytest.mark.xdist_group("estimates" if _estimates(mutant) else mutant.id))
        for mutant in sorted(MUTANTS, key=lambda mutant: mutant.id)
    ],
    ids=lambda mutant: mutant.id,
)
def test_its_check_kills(mutant: Mutant) -> None:
    assert list(unexpected(mutant, prover().examine(mutant, MODELS))) == []


def test_the_table_is_up_to_date() -> None:
    stored = Path(harness.__file__).parents[1] / "docs" / "mutants.md"
    assert stored.read_text(encoding="utf-8") == page(MUTANTS, EXEMPT, prover()), "run python -m tests.fakes.mutants"
