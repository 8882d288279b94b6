"""Bugs that somebody reproduced by hand are found in each release that has them, as known issues, and in no other.

Looks at results that are there already: `AIC_HARNESS_RESULTS` names a folder that holds one of each release.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import Result
from harness.checks.registry import checks
from harness.data_files import Record, load_toml
from harness.results.findings_file import read_findings
from harness.results.sides import folder_findings
from harness.stored_configs import stored_models
from tests.fakes.results import found, passed, skipped, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.checks.records import Finding
    from harness.results.findings_file import FindingsFile

RESULTS = "AIC_HARNESS_RESULTS"


class SampleBug(Record):
    """One bug.

    Attributes:
        id: Its name.
        check: Id of the check that finds it.
        model: Where it was reproduced; empty if it is of the release as a whole.
        about: Glob over what the findings are about.
        releases: Those that have it.
    """

    id: str
    check: str
    model: str = ""
    about: str
    releases: tuple[str, ...]


class _File(Record):
    sample_bugs: tuple[SampleBug, ...]


BUGS = load_toml(Path(__file__).parents[1] / "unit" / "checks" / "sample_bugs.toml", _File).sample_bugs


def unlike(bug: SampleBug, release: str, file: FindingsFile) -> str:
    """What results say other than the list; empty if nothing, or if the check was not run."""
    pairs = [pair for pair in file.pairs if pair.check == bug.check and pair.target.model == bug.model]
    if bug.check not in file.checks:
        return ""
    affected, judged = release in bug.releases, [pair for pair in pairs if pair.result is not Result.SKIP]
    if affected and not judged:
        return f"{release}: not judged"
    for pair in judged:
        seen = [each for each in pair.findings if each.wrong and fnmatchcase(each.about, bug.about)]
        if bool(seen) != affected:
            return f"{release}: {'not found' if affected else 'found'} on {pair.key}"
        if any(each.known_issue is None for each in seen):
            return f"{release}: found on {pair.key} and no known issue"
    return ""


@cache
def results() -> Mapping[str, FindingsFile]:
    """The findings of each release."""
    if not os.environ.get(RESULTS):
        pytest.skip(f"{RESULTS} names no folder of results")
    folders = {path.name: folder_findings(path) for path in Path(os.environ[RESULTS]).iterdir() if path.is_dir()}
    return {release: file for release, file in folders.items() if file is not None}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_bug_is_found_where_it_is(bug: SampleBug) -> None:
    files = results()
    asked = {release: file for release, file in files.items() if bug.check in file.checks}
    if not asked:
        pytest.skip(f"{bug.check} was run on no release")
    assert [said for release, file in asked.items() if (said := unlike(bug, release, file))] == []


def test_every_bug_names_a_check_and_a_stored_model() -> None:
    assert {bug.check for bug in BUGS} <= set(checks())
    assert {bug.model for bug in BUGS} <= {"", *stored_models()}
    assert len({bug.id for bug in BUGS}) == len(BUGS)


BUG = SampleBug(id="one", check="weights", model="Org/A", about="he*", releases=("1.0.0",))


@pytest.mark.parametrize(
    ("finding", "in_affected", "in_other"),
    [
        (found(known="twice"), "", "2.0.0: found on check_weights[Org/A]"),
        (found(), "1.0.0: found on check_weights[Org/A] and no known issue", "2.0.0: found on check_weights[Org/A]"),
        (found(about="tail", known="twice"), "1.0.0: not found on check_weights[Org/A]", ""),
        (passed(), "1.0.0: not found on check_weights[Org/A]", ""),
        (skipped(), "1.0.0: not judged", ""),
        (passed(model="Org/B"), "1.0.0: not judged", ""),
        (passed(check="cache"), "", ""),
    ],
)
def test_results_are_held_against_the_list(tmp_path: Path, finding: Finding, in_affected: str, in_other: str) -> None:
    file = read_findings(written(tmp_path / "findings.jsonl", finding))
    assert unlike(BUG, "1.0.0", file) == in_affected
    assert unlike(BUG, "2.0.0", file) == in_other
