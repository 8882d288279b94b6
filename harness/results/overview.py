"""All releases side by side: what can be installed, what was tested, and what the checks found in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from harness.data_files import Record, data_path, load_toml
from harness.errors import ResultsError
from harness.results.findings_diff import Place, judged_places, wrong_findings
from harness.results.sides import MATRIX, folder_findings, refuse_misnamed
from harness.subjects.releases import load_releases, release_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.checks.records import Finding
    from harness.results.findings_diff import Found
    from harness.results.findings_file import FindingsFile
    from harness.subjects.releases import Release


@dataclass(frozen=True, slots=True)
class Tally:
    """Targets (models, systems, the release) of a check: in how many something was found, and how many were judged."""

    found: int
    judged: int

    def __str__(self) -> str:
        return f"{self.found}/{self.judged}" if self.judged else "-"


@dataclass(frozen=True, slots=True)
class ReleaseResults:
    """What is known of one release.

    Attributes:
        version: The release.
        listed: Its entry in the list of releases; None for a local build.
        findings: Of its conformance run; None if it was not tested.
        has_matrix: Its support matrix is there.
    """

    version: str
    listed: Release | None
    findings: FindingsFile | None
    has_matrix: bool


@dataclass(frozen=True, slots=True)
class Bug:
    """A known issue over the releases.

    Attributes:
        id: Of the known issue.
        check: What finds it.
        tallies: For each tested release, oldest first; of the targets on which any release has it.
        worked: One finding of it, in the newest release that has it.
    """

    id: str
    check: str
    tallies: Mapping[str, Tally]
    worked: Finding

    @property
    def appeared(self) -> str:
        """First release that has it; where none before it was judged, it may be older."""
        first = next(release for release, tally in self.tallies.items() if tally.found)
        earlier = list(self.tallies.values())[: list(self.tallies).index(first)]
        return first if any(tally.judged for tally in earlier) else f"{first} or earlier"

    @property
    def gone(self) -> str:
        """First release judged after the last that has it; empty if there is none."""
        last = max(place for place, tally in enumerate(self.tallies.values()) if tally.found)
        later = list(self.tallies.items())[last + 1 :]
        return next((release for release, tally in later if tally.judged), "")


class Milestones(Record):
    """Checks of `fixtures/milestones.toml` that say how far a release got with a model."""

    parsed: str
    built: str


def milestones() -> Milestones:
    """The checks that say how far a release got with a model."""
    return load_toml(data_path("fixtures", "milestones.toml"), Milestones)


def releases_in(results: Path) -> tuple[ReleaseResults, ...]:
    """Every release that is listed or has a folder of results, oldest first.

    Raises:
        ResultsError: Results are damaged, or lie in the folder of another release.
    """
    listed = {each.version: each for each in load_releases().releases}
    there = {path.name for path in results.iterdir() if path.is_dir()} if results.is_dir() else set()
    versions = listed.keys() | {name for name in there if release_named(name) == name}
    return tuple(_release(results / version, listed.get(version)) for version in sorted(versions, key=Version))


def findings_of(releases: tuple[ReleaseResults, ...], results: Path) -> dict[str, FindingsFile]:
    """Findings of the releases that were tested, oldest first.

    Raises:
        ResultsError: None was.
    """
    found = {each.version: each.findings for each in releases if each.findings}
    if not found:
        raise ResultsError(
            str(results),
            "no results of any release",
            "a folder for each, such as 0.12.0",
            "Make them: nox -s conformance",
        )
    return found


def by_check(files: Mapping[str, FindingsFile]) -> dict[str, dict[str, Tally]]:
    """For every check, what it found in each release."""
    wrong = {release: {place for place, _ in wrong_findings(file)} for release, file in files.items()}
    judged = {release: judged_places(file) | wrong[release] for release, file in files.items()}
    checks = sorted({check for file in files.values() for check in file.checks})
    return {
        check: {release: Tally(_targets(check, wrong[release]), _targets(check, judged[release])) for release in files}
        for check in checks
    }


def bugs(files: Mapping[str, FindingsFile]) -> tuple[Bug, ...]:
    """Every known issue that was found in a release, by id.

    A release that has the same finding on the same target has the bug, also where the entry does not claim it.
    """
    wrong = {release: wrong_findings(file) for release, file in files.items()}
    judged = {release: judged_places(file) for release, file in files.items()}
    marked: dict[str, set[tuple[Place, str]]] = {}
    for found in wrong.values():
        for what, finding in found.items():
            if finding.known_issue is not None:
                marked.setdefault(finding.known_issue, set()).add(what)
    return tuple(
        Bug(
            issue,
            next(iter(marked[issue]))[0].check,
            {release: _tally(marked[issue], wrong[release], judged[release]) for release in files},
            _worked(issue, wrong),
        )
        for issue in sorted(marked)
    )


def unlisted(files: Mapping[str, FindingsFile]) -> dict[tuple[str, str], dict[str, int]]:
    """Targets of findings without a known issue, for each check and what it is about, in each release."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for release, file in files.items():
        for (place, about), finding in wrong_findings(file).items():
            if finding.known_issue is None:
                found.setdefault((place.check, about), {}).setdefault(release, set()).add(place.target)
    return {what: {release: len(found[what].get(release, ())) for release in files} for what in sorted(found)}


def _release(folder: Path, listed: Release | None) -> ReleaseResults:
    findings = folder_findings(folder)
    if findings is not None:
        refuse_misnamed(folder, findings.versions["subject"])
    return ReleaseResults(folder.name, listed, findings, (folder / MATRIX).exists())


def _targets(check: str, places: set[Place] | frozenset[Place]) -> int:
    return len({place.target for place in places if place.check == check})


def _tally(marked: set[tuple[Place, str]], wrong: Found, judged: frozenset[Place]) -> Tally:
    found = {place.target for place, about in marked if (place, about) in wrong}
    return Tally(len(found), len(found | {place.target for place, _ in marked if place in judged}))


def _worked(issue: str, wrong: Mapping[str, Found]) -> Finding:
    of_issue = [[each for each in found.values() if each.known_issue == issue] for found in wrong.values()]
    newest = next(findings for findings in reversed(of_issue) if findings)
    return min(newest, key=lambda finding: (str(finding.target), finding.about))
