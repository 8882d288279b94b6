"""What is new, what is gone, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import Outcome, Target
from harness.coordinates import Database
from harness.errors import ResultsError
from harness.results.findings_diff import Place, diff_findings
from harness.results.findings_file import read_findings
from tests.fakes.results import found, passed, skipped, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from harness.checks.records import Finding
    from harness.results.findings_diff import FindingsDiff

    Diff = Callable[[Sequence[Finding], Sequence[Finding]], FindingsDiff]

OLD, NEWER, ELSEWHERE = (
    Database(*each) for each in (("h100", "vllm", "1"), ("h100", "vllm", "2"), ("b200", "vllm", "2"))
)


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    def made(old: Sequence[Finding], new: Sequence[Finding]) -> FindingsDiff:
        before, after = written(tmp_path / "a.jsonl", *old), written(tmp_path / "b.jsonl", *new)
        return diff_findings(read_findings(before), read_findings(after))

    return made


def lists(made: FindingsDiff) -> dict[str, list[str]]:
    names = ("new", "fixed", "changed", "unjudged_before", "unjudged_now")
    return {name: [row.about for row in getattr(made, name)] for name in names if getattr(made, name)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([passed()], [passed()], {}),
        ([found()], [found()], {}),
        ([passed()], [found()], {"new": ["head"]}),
        ([passed()], [found(known="head-twice")], {"new": ["head"]}),
        ([found(known="head-twice")], [found()], {}),
        ([found()], [passed()], {"fixed": ["head"]}),
        ([found(about="norm")], [found()], {"new": ["head"], "fixed": ["norm"]}),
        ([found()], [found(actual="30")], {"changed": ["head"]}),
        ([passed()], [found(Outcome.ERROR, about="KeyError")], {"new": ["KeyError"]}),
        ([found(Outcome.ERROR, about="KeyError")], [passed()], {"fixed": ["KeyError"]}),
        ([found(Outcome.ERROR, about="KeyError")], [found()], {"unjudged_before": ["head"], "fixed": ["KeyError"]}),
        ([skipped()], [found()], {"unjudged_before": ["head"]}),
        ([found()], [skipped()], {"unjudged_now": ["head"]}),
        ([passed("cache")], [passed("cache"), found()], {"unjudged_before": ["head"]}),
        ([passed()], [passed(), found(model="Org/B")], {"unjudged_before": ["head"]}),
        ([passed()], [found(about="known issue x", stale=True)], {}),
    ],
)
def test_every_way_from_one_run_to_another(
    diff: Diff, old: list[Finding], new: list[Finding], expected: dict[str, list[str]]
) -> None:
    assert lists(diff(old, new)) == expected


def test_an_estimate_on_another_version_of_a_backend_is_the_same(diff: Diff) -> None:
    assert lists(diff([found(database=OLD)], [found(database=NEWER)])) == {}
    assert lists(diff([passed(database=OLD)], [found(database=NEWER)])) == {"new": ["head"]}
    assert lists(diff([passed(database=OLD)], [passed(database=NEWER), found(database=ELSEWHERE)])) == {
        "unjudged_before": ["head"]
    }


def test_what_is_found_on_several_databases_is_one_row(diff: Diff) -> None:
    new = [found(database=NEWER), found(database=ELSEWHERE)]
    made = diff([replace(finding, outcome=Outcome.PASS) for finding in new], new)
    assert [(row.target, row.where) for row in made.new] == [("Org/A", ("b200/vllm", "h100/vllm"))]


def test_rows_are_sorted_and_hold_both_findings(diff: Diff) -> None:
    old = [found(model="Org/B"), found(), found(check="cache"), passed(model="Org/C")]
    new = [replace(finding, actual="30") for finding in old]
    made = diff(old, new)
    assert [(row.check, row.target) for row in made.changed] == [
        ("cache", "Org/A"),
        ("weights", "Org/A"),
        ("weights", "Org/B"),
    ]
    row = made.changed[0]
    assert row.before is not None
    assert (row.before.actual, row.finding.actual) == ("29", "30")


def test_models_of_one_side_are_listed(diff: Diff) -> None:
    made = diff([passed(), passed(model="Org/Gone")], [passed(), passed(model="Org/New")])
    assert (made.only_old, made.only_new, made.kept) == (("Org/Gone",), ("Org/New",), 0)


def test_systems_and_the_release_have_places_of_their_own() -> None:
    assert Place.of("c", Target(system="h100")) == Place("c", "h100", "")
    assert Place.of("c", Target()) == Place("c", "release", "")


def test_other_configs_of_a_common_model_are_refused(tmp_path: Path) -> None:
    rows = passed(), passed(model="Org/B"), passed(model="Org/C")
    old = read_findings(written(tmp_path / "a.jsonl", *rows))
    new = read_findings(written(tmp_path / "b.jsonl", *rows, configs={"Org/B": "ffff", "Org/C": "eeee"}))
    with pytest.raises(ResultsError) as refused:
        diff_findings(old, new, ("A", "B"))
    said = "B: found config ffff of Org/B and 1 more; expected 0123456789abcdef, as in A. Run both on the same configs."
    assert str(refused.value) == said
