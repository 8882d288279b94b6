"""The table of `docs/mutants.md`: every check, the bugs that it must see, and on how many stored models."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from harness.checks.records import Scope
from harness.checks.registry import checks

if TYPE_CHECKING:
    from tests.fakes.mutants.mutant import Mutant
    from tests.fakes.mutants.proving import Prover

_INTRODUCTION = """\
# Mutants

A mutant is the real subject with one seeded bug. The check named beside it must find something wrong that it does not
find on the right subject, on every stored model that the bug concerns. `package` breaks the subject's own code for as
long as an answer takes, `answer` changes what it answers, `config` the file that it is given; `today` is a bug of the
release itself. Lessons are those of the seed.
Checks of estimates run on the newest database of h200_sxm with trtllm, on every model that it has the data for.

Written by `python -m tests.fakes.mutants`; `python -m tests.fakes.mutants --prove` runs every mutant on every model.
"""


def page(mutants: tuple[Mutant, ...], exempt: dict[str, str], prover: Prover) -> str:
    """The whole page, the same for the same mutants, checks and stored models."""
    by_check: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_check[mutant.check].append(mutant)
    lines = [
        _INTRODUCTION,
        "| check | mutant | what a developer got wrong | lesson | breaks | models |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(mutant, prover) for check in checks() for mutant in by_check[check]]
    lines += _exempt(exempt) + _weaknesses(mutants) + _left_out(mutants)
    return "\n".join(lines) + "\n"


def _row(mutant: Mutant, prover: Prover) -> str:
    where = _where(mutant, prover)
    lesson = str(mutant.lesson or "")
    return f"| {mutant.check} | {mutant.id} | {mutant.mistake} | {lesson} | {mutant.breaks} | {where} |"


def _where(mutant: Mutant, prover: Prover) -> str:
    scope = checks()[mutant.check].scope
    if scope is Scope.RELEASE:
        return "the release"
    if scope is Scope.SYSTEM:
        return f"{len(list(prover.targets(mutant)))} systems"
    return "all with data" if scope is Scope.ESTIMATE else str(len(prover.concerned(mutant)))


def _exempt(exempt: dict[str, str]) -> list[str]:
    if not exempt:
        return []
    return [
        "",
        "## Checks without a mutant",
        "",
        *(f"- {check}: {reason}." for check, reason in sorted(exempt.items())),
    ]


def _weaknesses(mutants: tuple[Mutant, ...]) -> list[str]:
    known = [f"- {mutant.id} on `{glob}`: {why}." for mutant in mutants for glob, why in mutant.survives.items()]
    return ["", "## Where a check does not see its mutant", "", *known] if known else []


def _left_out(mutants: tuple[Mutant, ...]) -> list[str]:
    known = [f"- {mutant.id} on {name}: {why}." for mutant in mutants for name, why in mutant.besides.items()]
    return ["", "## Models and systems left out", "", *known] if known else []
