"""Findings in words, as JUnit XML and as a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import harness
from harness.checks.findings_page import findings_page
from harness.checks.known_issues import KnownIssue, KnownIssues
from harness.checks.publish import failure, junit, known, table
from harness.checks.records import Finding, Judged, Outcome, Target
from harness.checks.registry import checks
from harness.checks.run import RunResult
from tests.fakes.checks import MODEL, finding, made_up, pair

PAGE = Path(harness.__file__).parents[1] / "docs" / "findings.md"


def judged(*found: Finding, model: str = MODEL, phase: int = 4) -> Judged:
    return Judged(pair(made_up(lambda: (), phase=phase), Target(model)), found)


def test_one_model_is_counted_by_phase_and_many_by_model() -> None:
    failed, passed = judged(finding()), judged(finding(Outcome.PASS, ""), phase=1)
    assert [line.split() for line in table([failed, passed]).splitlines()[2:]] == [
        ["1", "config", "file", "1"],
        ["4", "model", "family", "1"],
    ]
    many = table([failed, judged(finding(Outcome.SKIP), model="a/b")]).splitlines()
    assert [line.split()[0] for line in many[2:]] == [MODEL, "a/b", "all"]


def test_a_failure_shows_all_and_no_control_characters() -> None:
    text = failure(replace(finding(), actual="29\nlines\x1b[31m", reproduce="aic-harness check x", snippet="print(1)"))
    assert text.splitlines() == [
        f"FAIL check_made_up[{MODEL}] layers",
        "  expected   28",
        "  actual     29",
        "             lines\N{REPLACEMENT CHARACTER}[31m",
        "  arithmetic because",
        "  reproduce  aic-harness check x",
    ]
    assert failure(replace(finding(), snippet="print(1)"), verbose=True).endswith("  snippet    print(1)")
    assert failure(replace(finding(), stale=True)).startswith("STALE ")


def test_known_issues_are_one_line_each() -> None:
    marked = [replace(finding(about=about), known_issue="one") for about in ("a", "b")]
    assert known([judged(*marked)]) == [f"known one: check_made_up[{MODEL}] a, b"]
    assert len(known([judged(*marked)], verbose=True)) == 2
    other = replace(finding(target=Target("a/b")), known_issue="one")
    assert known([judged(*marked), judged(other)]) == ["known one: 3 findings of check_made_up on 2 targets"]


def test_junit_has_a_case_for_each_pair_and_escapes_what_xml_cannot_hold() -> None:
    result = RunResult(
        (
            judged(replace(finding(), actual="<29> & \x00")),
            judged(finding(Outcome.ERROR, "KeyError"), finding()),
            judged(finding(Outcome.PASS, "")),
            judged(replace(finding(Outcome.SKIP), actual="no data")),
            judged(replace(finding(), known_issue="one")),
        ),
        (replace(finding(about="known issue two"), stale=True),),
    )
    root = ET.fromstring(junit(result))  # noqa: S314 - our own
    first, second = root
    assert first.attrib == {"name": "families", "tests": "5", "failures": "1", "errors": "1", "skipped": "2"}
    assert second.attrib["failures"] == "1"
    assert [[child.tag for child in case] for case in first] == [["failure"], ["error"], [], ["skipped"], ["skipped"]]
    assert first[0][0].attrib["message"] == "layers: <29> & \N{REPLACEMENT CHARACTER}"
    assert [first[3][0].attrib["message"], first[4][0].attrib["message"]] == ["no data", "known issue one"]


def test_the_page_shows_bugs_first_and_those_of_many_models_before_others() -> None:
    entries = [
        KnownIssue.model_validate(
            {
                "id": name,
                "check": "made_up",
                "subjects": ">=1",
                "kind": kind,
                "reason": f"the reason of {name}, figures",
            }
        )
        for name, kind in (("approx", "approximation"), ("few", "bug"), ("many", "bug"), ("absent", "bug"))
    ]
    found = [
        replace(finding(target=Target(model)), known_issue=issue, snippet="print(1)", reproduce="aic-harness check x")
        for issue, models in (("approx", "abc"), ("few", "a"), ("many", "ab"))
        for model in models
    ]
    page = findings_page(entries, found)
    assert re.findall(r"^##+ (.+)$", page, re.MULTILINE) == ["Bugs", "many", "few", "Approximations", "approx"]
    assert "| [many](#many) | bug | `made_up` | 2 |" in page
    assert "```python\nprint(1)\n```" in page
    assert page == findings_page(reversed(entries), found)


def test_the_committed_page_has_every_known_issue() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^### (.+)$", page, re.MULTILINE)
    entries = KnownIssues.load("0.12.0", checks().values()).entries
    assert sorted(shown) == sorted(entry.id for entry in entries), "run: nox -s findings"
    for entry in entries:
        assert entry.reason in page, f"{entry.id}: run: nox -s findings"
