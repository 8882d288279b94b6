"""The releases side by side, for a terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.results.overview import bugs, by_check
from harness.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.results.findings_file import FindingsFile
    from harness.results.overview import ReleaseResults


def to_text(releases: Sequence[ReleaseResults], *, verbose: bool = False) -> str:
    """The releases for a terminal; with `verbose`, also what hinders or helps an installation."""
    files = {each.version: each.findings for each in releases if each.findings}
    headers = ("release", "index", "tested", "harness", "data", "Python", "results", "matrix")
    parts = [_table([_release_row(each) for each in releases], headers)]
    if verbose:
        parts += ["\n".join(line)] if (line := [line for each in releases for line in _remarks(each)]) else []
    if not files:
        return parts[0] + "\n\nno release is tested yet; test them: nox -s conformance"
    parts += [_capabilities(files)]
    legend = "Targets (models, systems, the release) with a finding, of those judged; - where none was:"
    rows = [(check, *map(str, tallies.values())) for check, tallies in by_check(files).items()]
    parts += [legend, _table(rows, ("check", *files))]
    if found := bugs(files):
        lines = [(bug.id, *map(str, bug.tallies.values()), bug.appeared, bug.gone or "-") for bug in found]
        parts += [_table(lines, ("known issue", *files, "appeared", "gone"))]
    return "\n\n".join(parts)


def to_json_document(releases: Sequence[ReleaseResults]) -> dict[str, object]:
    """The releases as `aic-harness releases --json` prints them."""
    files = {each.version: each.findings for each in releases if each.findings}
    return {
        "releases": [_release_document(each) for each in releases],
        "checks": [
            {"check": check, "release": release, "found": tally.found, "judged": tally.judged}
            for check, tallies in by_check(files).items()
            for release, tally in tallies.items()
        ],
        "known_issues": [
            {
                "known_issue": bug.id,
                "check": bug.check,
                "appeared": bug.appeared,
                "gone": bug.gone or None,
                "releases": {
                    release: {"found": tally.found, "judged": tally.judged} for release, tally in bug.tallies.items()
                },
            }
            for bug in bugs(files)
        ],
    }


def _release_row(each: ReleaseResults) -> tuple[str, ...]:
    matrix = "yes" if each.has_matrix else "-"
    if each.findings is None:
        return (each.version, _index(each), "-", "", "", "", "", matrix)
    versions = each.findings.versions
    said = ", ".join(f"{count} {name}" for name, count in _outcomes(each.findings).items())
    when = each.findings.started[:10]
    return (each.version, _index(each), when, versions["harness"], versions["data"], versions["python"], said, matrix)


def _index(each: ReleaseResults) -> str:
    if each.listed is None:
        return "not listed"
    return "stub" if each.listed.stub else "installable"


def _remarks(each: ReleaseResults) -> list[str]:
    if each.listed is None:
        return []
    lines = [f"{each.version}: {each.listed.stub}"] if each.listed.stub else []
    return lines + ([f"{each.version} needs {', '.join(each.listed.pins)}"] if each.listed.pins else [])


def _capabilities(files: Mapping[str, FindingsFile]) -> str:
    names = sorted({name for file in files.values() for name in file.capabilities})
    rows = [(name, *("yes" if name in file.capabilities else "-" for file in files.values())) for name in names]
    return _table(rows, ("capability", *files))


def _outcomes(file: FindingsFile) -> dict[str, int]:
    return dict(sorted(Counter(pair.result.value for pair in file.pairs).items()))


def _table(rows: Sequence[tuple[str, ...]], headers: tuple[str, ...]) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - only needed by commands that print tables

    return tabulate([[plain_text(value) for value in row] for row in rows], headers, disable_numparse=True)


def _release_document(each: ReleaseResults) -> dict[str, object]:
    listed, findings = each.listed, each.findings
    return {
        "release": each.version,
        "installable": None if listed is None else not listed.stub,
        "stub": listed.stub if listed else "",
        "pins": list(listed.pins) if listed else [],
        "matrix": each.has_matrix,
        "tested": findings
        and {
            "started": findings.started,
            "versions": dict(findings.versions),
            "models": len(findings.configs),
            "outcomes": _outcomes(findings),
        },
        "capabilities": findings and list(findings.capabilities),
    }
