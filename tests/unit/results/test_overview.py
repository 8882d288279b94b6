"""Releases side by side: when a bug appeared, when it went, and the page that says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import Outcome
from harness.checks.registry import checks
from harness.errors import ResultsError
from harness.results.history import history_page
from harness.results.overview import bugs, by_check, findings_of, milestones, releases_in, unlisted
from harness.results.releases_text import to_json_document, to_text
from tests.fakes.results import found, list_of, passed, skipped, written

if TYPE_CHECKING:
    from pathlib import Path

    from harness.checks.records import Finding
    from harness.results.findings_file import FindingsFile

LISTED = """
{ version = "0.8.0", adapter = "a", pins = ["plotext<6"] },
{ version = "0.9.0", adapter = "a", stub = "the index holds a placeholder" },
{ version = "0.10.0", adapter = "a" },
"""


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results, and a list of three releases."""
    monkeypatch.setattr("harness.results.overview.load_releases", lambda: list_of(tmp_path, LISTED))
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def ran(results: Path, **runs: list[Finding]) -> dict[str, FindingsFile]:
    """Findings of releases named `v8`, `v10` and so on."""
    for name, findings in runs.items():
        release = f"0.{name.removeprefix('v')}.0"
        written(results / release / "findings.jsonl", *findings, release=release)
    return findings_of(releases_in(results), results)


HEAD = found(known="head-twice")
STALE = found(about="known issue head-twice", stale=True)


@pytest.mark.parametrize(
    ("runs", "appeared", "gone", "tallies"),
    [
        ({"v8": [HEAD], "v10": [HEAD]}, "0.8.0 or earlier", "", ["1/1", "1/1"]),
        ({"v8": [passed()], "v10": [HEAD]}, "0.10.0", "", ["0/1", "1/1"]),
        ({"v8": [HEAD], "v10": [passed()]}, "0.8.0 or earlier", "0.10.0", ["1/1", "0/1"]),
        ({"v8": [skipped()], "v10": [HEAD]}, "0.10.0 or earlier", "", ["-", "1/1"]),
        ({"v8": [HEAD], "v10": [skipped()]}, "0.8.0 or earlier", "", ["1/1", "-"]),
        ({"v8": [HEAD], "v10": [skipped()], "v12": [passed()]}, "0.8.0 or earlier", "0.12.0", ["1/1", "-", "0/1"]),
        ({"v8": [HEAD], "v10": [passed()], "v12": [HEAD]}, "0.8.0 or earlier", "", ["1/1", "0/1", "1/1"]),
        ({"v8": [found()], "v10": [HEAD]}, "0.8.0 or earlier", "", ["1/1", "1/1"]),
        ({"v8": [found(Outcome.ERROR, about="KeyError")], "v10": [HEAD]}, "0.10.0 or earlier", "", ["-", "1/1"]),
        (
            {"v8": [HEAD], "v10": [found(about="known issue x", stale=True)]},
            "0.8.0 or earlier",
            "0.10.0",
            ["1/1", "0/1"],
        ),
    ],
)
def test_when_a_bug_appeared_and_when_it_went(
    results: Path, runs: dict[str, list[Finding]], appeared: str, gone: str, tallies: list[str]
) -> None:
    (bug,) = bugs(ran(results, **runs))
    assert (bug.id, bug.check) == ("head-twice", "weights")
    assert (bug.appeared, bug.gone, [str(tally) for tally in bug.tallies.values()]) == (appeared, gone, tallies)


def test_a_bug_is_counted_by_models_and_shown_in_its_newest_release(results: Path) -> None:
    old = [HEAD, found(known="head-twice", about="norm"), found(model="Org/B", known="head-twice")]
    (bug,) = bugs(ran(results, v8=old, v10=[HEAD, passed(model="Org/B")], v12=[passed()]))
    assert [str(tally) for tally in bug.tallies.values()] == ["2/2", "1/2", "0/1"]
    assert (bug.worked.target.model, bug.worked.subject) == ("Org/A", "aiconfigurator 0.10.0")


def test_findings_are_counted_by_check_and_those_unknown_apart(results: Path) -> None:
    files = ran(
        results,
        v8=[HEAD, found(model="Org/B"), skipped("cache"), passed("sharding")],
        v10=[passed(), passed("cache"), found(check="cache", model="Org/B", about="kv")],
    )
    assert {check: [str(each) for each in tallies.values()] for check, tallies in by_check(files).items()} == {
        "cache": ["-", "1/2"],
        "sharding": ["0/1", "-"],
        "weights": ["2/2", "0/1"],
    }
    assert unlisted(files) == {
        ("cache", "kv"): {"0.8.0": 0, "0.10.0": 1},
        ("weights", "head"): {"0.8.0": 1, "0.10.0": 0},
    }


def test_releases_are_those_listed_and_those_with_results_in_the_order_of_versions(results: Path) -> None:
    ran(results, v12=[passed()], v8=[passed()])
    (results / "notes").mkdir()
    (results / "0.10.0").mkdir()
    (results / "0.10.0" / "findings.jsonl.partial").write_text("")
    (results / "0.8.0" / "support_matrix.csv").write_text("")
    found = releases_in(results)
    assert [each.version for each in found] == ["0.8.0", "0.9.0", "0.10.0", "0.12.0"]
    assert [(each.findings is not None, each.has_matrix) for each in found] == [
        (True, True),
        (False, False),
        (False, False),
        (True, False),
    ]


def test_the_text_says_what_is_installable_and_tested(results: Path) -> None:
    ran(results, v8=[HEAD, passed("cache")], v12=[passed()])
    text = to_text(releases_in(results), verbose=True)
    rows = [line.split() for line in text.splitlines()]
    when = ["2026-01-02", "1.0", "data", "1", "3.11.7"]
    assert ["0.8.0", "installable", *when, "1", "known,", "1", "pass", "-"] in rows
    assert ["0.9.0", "stub", "-", "-"] in rows
    assert ["0.12.0", "not", "listed", *when, "1", "pass", "-"] in rows
    assert "0.8.0 needs plotext<6\n0.9.0: the index holds a placeholder" in text
    assert ["parse", "yes", "yes"] in rows
    assert ["weights", "1/1", "0/1"] in rows
    assert ["head-twice", "1/1", "0/1", "0.8.0", "or", "earlier", "0.12.0"] in rows


def test_without_results_the_list_says_how_to_test(results: Path) -> None:
    text = to_text(releases_in(results))
    assert text.endswith("no release is tested yet; test them: nox -s conformance")
    with pytest.raises(ResultsError, match=r"found no results of any release; .* Make them: nox -s conformance"):
        findings_of(releases_in(results), results)
    with pytest.raises(ResultsError, match="no results of any release"):
        findings_of(releases_in(results / "gone"), results)


def test_the_json_document_has_the_same_rows(results: Path) -> None:
    ran(results, v8=[HEAD], v12=[passed()])
    document = json.loads(json.dumps(to_json_document(releases_in(results))))
    assert [each["installable"] for each in document["releases"]] == [True, False, True, None]
    assert document["releases"][0]["tested"]["outcomes"] == {"known": 1}
    assert document["releases"][1]["tested"] is None
    assert document["checks"] == [
        {"check": "weights", "release": "0.8.0", "found": 1, "judged": 1},
        {"check": "weights", "release": "0.12.0", "found": 0, "judged": 1},
    ]
    (issue,) = document["known_issues"]
    assert (issue["appeared"], issue["gone"]) == ("0.8.0 or earlier", "0.12.0")


def test_damaged_and_misplaced_results_are_named(results: Path) -> None:
    ran(results, v8=[passed()])
    (results / "0.7.0").symlink_to(results / "0.8.0")
    with pytest.raises(ResultsError, match=r"0\.7\.0: found results of aiconfigurator 0\.8\.0; expected those of 0\.7"):
        releases_in(results)
    (results / "0.7.0").unlink()
    (results / "0.8.0" / "findings.jsonl").write_text("{")
    with pytest.raises(ResultsError, match=r"findings\.jsonl:1"):
        releases_in(results)


# The page


def test_the_page_tells_each_bug_with_its_arithmetic_and_is_the_same_each_time(results: Path) -> None:
    files = ran(
        results,
        v8=[HEAD, passed("parsed_dimensions", phase=3), found(check="cache", about="kv|x", actual="<b>1\n2")],
        v12=[passed(), passed("parsed_dimensions", phase=3), passed("families")],
    )
    page = history_page(files)
    assert page == history_page(files)
    lines = page.splitlines()
    assert lines[0] == "# What the checks found from 0.8.0 to 0.12.0"
    assert "| 0.8.0 | 1 | 1 | 0 | 2 | 1 |" in lines
    assert "| 0.12.0 | 1 | 1 | 1 | 0 | 0 |" in lines
    assert "| `weights` | 1/1 | 0/1 |" in lines
    assert "| [head-twice](#head-twice) | `weights` | 1/1 | 0/1 | 0.8.0 or earlier | 0.12.0 |" in lines
    assert "Appeared in 0.8.0 or earlier, gone in 0.12.0. On Org/A in 0.8.0, about head:" in lines
    assert "| arithmetic | 4 x 7 = 28 |" in lines
    assert "| `cache` | kv\\|x | 1 | - |" in lines


def test_what_is_not_gone_is_not_said_to_be(results: Path) -> None:
    page = history_page(ran(results, v8=[passed()], v10=[HEAD], v12=[skipped()]))
    assert "Appeared in 0.10.0, not gone in any release judged since 0.10.0." in page


def test_line_breaks_and_markup_of_a_finding_stay_in_their_cell(results: Path) -> None:
    page = history_page(ran(results, v8=[found(known="x", actual="a|<i>\nb")]))
    assert "| actual | a\\|\\<i\\><br>b |" in page.splitlines()


def test_releases_on_different_configs_or_harnesses_are_not_put_side_by_side_silently(results: Path) -> None:
    ran(results, v8=[passed()], v10=[passed(model="Org/B")])
    path = results / "0.12.0" / "findings.jsonl"
    written(path, passed(), release="0.12.0", versions={"harness": "2.0"})
    assert "Made with harness 1.0, 2.0: a difference may be the harness's own." in history_page(
        findings_of(releases_in(results), results)
    )
    written(path, passed(), release="0.12.0", configs={"Org/A": "ffff"})
    with pytest.raises(ResultsError, match=r"0\.12\.0: found config ffff of Org/A; expected 0123456789abcdef, as in"):
        history_page(findings_of(releases_in(results), results))


def test_milestones_are_checks() -> None:
    asked = milestones()
    assert {asked.parsed, asked.built} <= checks().keys()
