"""The findings of a run, as a table of the page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.checks.findings_page import KINDS
from harness.checks.known_issues import KnownIssues
from harness.checks.records import Outcome, Result
from harness.checks.registry import checks
from harness.report.columns import LinePool, places, templates, words
from harness.report.payload import Check, Findings, Issue, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.checks.known_issues import KnownIssue
    from harness.checks.records import Finding, Target
    from harness.report.names import Names
    from harness.results.findings_file import FindingsFile, PairFindings

_OUTCOMES = (Outcome.ERROR, Outcome.FAIL, Outcome.SKIP)
"""From strongest to weakest."""


def findings_table(file: FindingsFile, names: Names) -> Findings:
    """What the checks found.

    Args:
        file: A run.
        names: Lists that rows point into.
    """
    issues = _issues(file)
    rank = places(issue.id for issue in issues)
    shown = [finding for finding in file.findings if finding.outcome is not Outcome.PASS]
    shown.sort(key=lambda finding: _strength(finding, rank))
    asked = _checks(file)
    of_check, pool = places(check.id for check in asked), LinePool()
    return Findings(
        checks=asked,
        issues=issues,
        tallies=_by_model(file.pairs, names),
        tally=_tally(file.pairs),
        check=tuple(of_check[finding.check] for finding in shown),
        model=tuple(names.model.get(finding.target.model, -1) for finding in shown),
        database=tuple(_database(finding.target, names) for finding in shown),
        system=words(finding.target.system for finding in shown),
        outcome=words((finding.outcome for finding in shown), _OUTCOMES),
        issue=tuple(rank.get(finding.known_issue or "", -1) for finding in shown),
        stale=tuple(int(finding.stale) for finding in shown),
        about=words(finding.about for finding in shown),
        expected=words(finding.expected for finding in shown),
        actual=words(finding.actual for finding in shown),
        arithmetic=words(finding.arithmetic for finding in shown),
        reproduce=templates((finding.reproduce, _coordinates(finding.target)) for finding in shown),
        snippet=tuple(pool.add(finding.snippet) for finding in shown),
        snippets=pool.lines(),
    )


def _coordinates(target: Target) -> tuple[str, ...]:
    where = target.database
    return (target.model, *((where.system, where.backend, where.version) if where else (target.system, "", "")), "")


def _database(target: Target, names: Names) -> int:
    return names.database.get(target.database, -1) if target.database else -1


def _strength(finding: Finding, rank: Mapping[str, int]) -> tuple[object, ...]:
    place = rank.get(finding.known_issue or "", -1)
    skipped = finding.outcome is Outcome.SKIP
    return skipped, place, _OUTCOMES.index(finding.outcome), finding.check, str(finding.target), finding.about


def _checks(file: FindingsFile) -> tuple[Check, ...]:
    by_check: dict[str, list[PairFindings]] = {name: [] for name in file.checks}
    phases: dict[str, int] = {}
    for pair in file.pairs:
        by_check.setdefault(pair.check, []).append(pair)
        phases[pair.check] = pair.findings[0].phase
    known = checks()
    found = (
        Check(name, phases.get(name, 0), known[name].text if name in known else "", _tally(pairs))
        for name, pairs in by_check.items()
    )
    return tuple(sorted(found, key=lambda check: (check.phase, check.id)))


def _issues(file: FindingsFile) -> tuple[Issue, ...]:
    found: dict[str, list[Finding]] = {}
    for finding in file.findings:
        if finding.known_issue is not None:
            found.setdefault(finding.known_issue, []).append(finding)
    entries = {entry.id: entry for entry in KnownIssues.load(file.release, checks().values()).entries}
    kinds = (*KINDS, "")
    issues = [_issue(name, findings, entries.get(name)) for name, findings in found.items()]
    return tuple(sorted(issues, key=lambda issue: (kinds.index(issue.kind), -issue.targets, issue.id)))


def _issue(name: str, findings: Sequence[Finding], entry: KnownIssue | None) -> Issue:
    targets = len({finding.target.model or str(finding.target) for finding in findings})
    if entry is None:
        return Issue(name, findings[0].check, "", "", "", "", len(findings), targets)
    said = entry.kind, entry.reason, entry.upstream or "", entry.subjects
    return Issue(name, entry.check, *said, len(findings), targets)


def _by_model(pairs: Iterable[PairFindings], names: Names) -> tuple[Tally | None, ...]:
    found: dict[str, list[PairFindings]] = {}
    for pair in pairs:
        found.setdefault(pair.target.model, []).append(pair)
    return tuple(_tally(found[model]) if model in found else None for model in names.models)


def _tally(pairs: Iterable[PairFindings]) -> Tally:
    counts = Counter(pair.result for pair in pairs)
    return Tally(*(counts[each] for each in (Result.PASS, Result.KNOWN, Result.FAIL, Result.ERROR, Result.SKIP)))
