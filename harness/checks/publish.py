"""Findings put into words: a table, text for a person, JUnit XML for machines, and Markdown for `docs/findings.md`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from harness.checks.records import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.checks.records import Finding, Judged
    from harness.checks.run import RunResult

_COLUMNS = (Result.PASS, Result.KNOWN, Result.FAIL, Result.ERROR, Result.SKIP)
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, and what would speak to a terminal instead of a person."""

_FIELDS = ("expected", "actual", "arithmetic", "reproduce")
_PHASES = {
    1: "1 config file",
    2: "2 registration",
    3: "3 parsing",
    4: "4 model family",
    5: "5 estimates",
}


def table(judged: Sequence[Judged]) -> str:
    """Counts of results: by phase for one target, by target for many."""
    from tabulate import tabulate  # noqa: PLC0415 - 50 ms

    rows = {each.pair.target.model or each.pair.target.system or "release" for each in judged}
    by_phase = len(rows) == 1
    title = "phase" if by_phase else "target"
    counts: dict[str, Counter[Result]] = {}
    for each in sorted(judged, key=_place(by_phase=by_phase)):
        target = each.pair.target
        row = _PHASES[each.pair.check.phase] if by_phase else target.model or target.system or "release"
        counts.setdefault(row, Counter())[each.result] += 1
    if not by_phase:
        counts["all"] = sum(counts.values(), Counter())
    return tabulate(
        [(row, *(found[result] or "" for result in _COLUMNS)) for row, found in counts.items()],
        (title, *_COLUMNS),
        disable_numparse=True,
        colalign=("left", *("right" for _ in _COLUMNS)),
    )


def _place(*, by_phase: bool) -> Callable[[Judged], tuple[object, ...]]:
    if by_phase:
        return lambda each: (each.pair.check.phase,)
    # Models first, then systems, then the release.
    return lambda each: (not each.pair.target.model, not each.pair.target.system, each.pair.target.model)


def failure(finding: Finding, *, verbose: bool = False) -> str:
    """An unexpected finding in full: what was expected, what is there, why, and how to see it again."""
    word = "STALE" if finding.stale else str(finding.outcome).upper()
    lines = [f"{word} {finding.id} {finding.about}".rstrip()]
    for field in _FIELDS:
        lines += _indented(field, getattr(finding, field))
    if verbose:
        lines += _indented("snippet", finding.snippet)
    return printable("\n".join(lines))


def known(judged: Iterable[Judged], *, verbose: bool = False) -> list[str]:
    """One line for each known issue with what it covers; with `verbose`, one for each finding."""
    found: dict[str, list[Finding]] = {}
    for finding in (finding for each in judged for finding in each.findings):
        if finding.known_issue is not None:
            found.setdefault(finding.known_issue, []).append(finding)
    if verbose:
        return [printable(f"known {issue}: {each.id} {each.about}") for issue in sorted(found) for each in found[issue]]
    return [printable(f"known {issue}: {_extent(found[issue])}") for issue in sorted(found)]


def _extent(findings: Sequence[Finding]) -> str:
    targets = list(dict.fromkeys(finding.id for finding in findings))
    if len(targets) == 1:
        return f"{targets[0]} {', '.join(finding.about for finding in findings)}"
    return f"{len(findings)} findings of check_{findings[0].check} on {len(targets)} targets"


def printable(text: str) -> str:
    """The text without control characters."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _indented(name: str, text: str) -> list[str]:
    return [f"  {name if place == 0 else '':10} {line}".rstrip() for place, line in enumerate(text.splitlines())]


def junit(result: RunResult) -> bytes:
    """The run as JUnit XML: a suite for each suite of checks, a case for each pair."""
    root = ET.Element("testsuites", name="aic-harness check")

    def by_suite(each: Judged) -> str:
        return each.pair.check.suite

    for suite, group in groupby(sorted(result.judged, key=by_suite), key=by_suite):
        node = ET.SubElement(root, "testsuite", name=suite)
        for each in group:
            case = ET.SubElement(node, "testcase", classname=f"aic_harness.{suite}", name=printable(each.pair.id))
            _add_findings(case, each)
        _count(node)
    if result.unmatched:
        node = ET.SubElement(root, "testsuite", name="known_issues")
        for finding in result.unmatched:
            case = ET.SubElement(node, "testcase", classname="aic_harness.known_issues", name=printable(finding.about))
            _add(case, "failure", (finding,))
        _count(node)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_findings(case: ET.Element, each: Judged) -> None:
    errors = [finding for finding in each.unexpected if finding.outcome is Outcome.ERROR]
    failures = [finding for finding in each.unexpected if finding.outcome is not Outcome.ERROR]
    if errors:
        _add(case, "error", (*errors, *failures))
    elif failures:
        _add(case, "failure", failures)
    elif each.result is not Result.PASS:
        issues = sorted({finding.known_issue for finding in each.findings if finding.known_issue})
        reasons = [finding.actual for finding in each.findings if finding.outcome is Outcome.SKIP]
        said = f"known issue {', '.join(issues)}" if issues else "; ".join(reasons)
        ET.SubElement(case, "skipped", message=printable(said))


def _add(case: ET.Element, tag: str, findings: Sequence[Finding]) -> None:
    node = ET.SubElement(case, tag, message=printable("; ".join(f"{each.about}: {each.actual}" for each in findings)))
    node.text = "\n\n".join(failure(each, verbose=True) for each in findings)


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
