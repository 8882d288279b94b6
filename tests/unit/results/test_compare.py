"""Two sides put together: where they are found, what stops a comparison, and how it reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.errors import HarnessError, MatrixFileError, ResultsError
from harness.results.compare import compare
from harness.results.compare_text import to_json_document, to_markdown, to_text
from harness.results.sides import side_of
from harness.results.stream import partial_path
from harness.text import markdown_text
from tests.fakes.results import feasible, found, list_of, matrix_written, passed, written

if TYPE_CHECKING:
    from pathlib import Path

    from harness.matrix.records import Verdict
    from harness.results.compare import Comparison

CELL = Cell("Org/A", "h100_sxm", "vllm", "1.10", Mode.AGG)
LOST = replace(feasible(CELL), status=Status.FAIL, source="", point=None, error="KeyError: x", origin=None)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two releases: the newer one lost a status, has another time to first token, a new finding and a fixed one."""
    other = replace(CELL, model="Org/B")
    old, new = tmp_path / "1.0.0", tmp_path / "2.0.0"
    written(old / "findings.jsonl", passed(), found(check="cache", about="kv", known="kv-twice"))
    written(new / "findings.jsonl", found(), passed("cache"), release="2.0.0")
    matrix_written(old / "support_matrix.csv", feasible(CELL), feasible(other, ttft_ms=10.0))
    matrix_written(new / "support_matrix.csv", LOST, feasible(other, ttft_ms=15.0), release="2.0.0")
    return tmp_path


def compared(results: Path, old: str = "1.0.0", new: str = "2.0.0") -> Comparison:
    return compare(side_of(old, results), side_of(new, results))


def test_everything_that_changed_is_seen(results: Path) -> None:
    made = compared(results)
    assert made.statuses is not None
    assert made.findings is not None
    assert made.values is not None
    assert [(each.cell.model, each.old, each.new) for each in made.statuses.changed] == [("Org/A", "PASS", "FAIL")]
    assert [(row.check, row.about) for row in made.findings.new] == [("weights", "head")]
    assert [(row.check, row.finding.known_issue) for row in made.findings.fixed] == [("cache", "kv-twice")]
    assert [(each.cell.model, each.quantity, each.ratio) for each in made.values.changes] == [("Org/B", "ttft_ms", 1.5)]
    assert (made.regressions, made.notes) == (2, ())


def test_the_other_way_round_nothing_got_worse_but_the_old_finding(results: Path) -> None:
    made = compared(results, "2.0.0", "1.0.0")
    assert made.regressions == 1
    assert made.findings is not None
    assert [row.about for row in made.findings.new] == ["kv"]


def test_equal_sides_have_no_changes(results: Path) -> None:
    made = compared(results, "1.0.0", "1.0.0")
    assert made.regressions == 0
    text = to_text(made)
    assert "No figure changed in 2 cells." in text
    assert "No changes in 2 cells." in text
    assert "0 new, 0 fixed, 0 changed, 0 unjudged before, 0 unjudged now, 1 the same on both sides." in text


def test_the_text_has_each_change(results: Path) -> None:
    text = to_text(compared(results))
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("1.0.0 (aiconfigurator 1.0.0, harness 1.0) against 2.0.0 (aiconfigurator 2.0.0, harness")
    assert "2 regressions. statuses: 1 worse, 0 better; findings: 1 new, 1 fixed; values: 1 changed in 1 cells" in text
    assert ["Org/A", "h100_sxm", "vllm", "1.10", "agg", "PASS", "FAIL"] in lines
    assert ["weights", "Org/A", "head", "28", "29"] in lines
    assert ["cache", "Org/A", "kv", "kv-twice", "28", "29"] in lines
    assert ["Org/B", "h100_sxm", "vllm", "1.10", "agg", "TTFT", "ms", "10", "15", "x1.5", "same", "own"] in lines


def test_rows_above_the_limit_are_counted(results: Path) -> None:
    for name, rows in (("1.0.0", map(passed, "abc")), ("2.0.0", (found(check=check) for check in "abc"))):
        written(results / name / "findings.jsonl", *rows, release=name)
    text = to_text(compared(results), limit=2)
    assert "… and 1 more; the JSON output has them all." in text
    assert len(to_json_document(compared(results))["findings"]["new"]) == 3  # type: ignore[index]


def test_the_json_document_is_json_even_without_a_ratio(results: Path) -> None:
    cells = [feasible(CELL, ttft_ms=0.0), feasible(replace(CELL, model="Org/B"), ttft_ms=float("nan"))]
    matrix_written(results / "1.0.0" / "support_matrix.csv", *cells)
    both = [feasible(CELL, ttft_ms=3.0), feasible(replace(CELL, model="Org/B"))]
    matrix_written(results / "2.0.0" / "support_matrix.csv", *both, release="2.0.0")
    document = json.loads(json.dumps(to_json_document(compared(results)), allow_nan=False))
    assert [(row["from"], row["to"], row["ratio"]) for row in document["values"]["changed"]] == [
        (0.0, 3.0, None),
        (None, 12.5, None),
    ]
    assert document["regressions"] == 1
    assert document["findings"]["new"][0]["reproduce"] == "aic-harness check Org/A --check weights"
    assert document["new"]["subject"] == "aiconfigurator 2.0.0"


HOSTILE = "=cmd|' /C calc'!A0 <script>*b*</script> [x](http://y) `c` \x1b[31m\nnext | cell"


def test_nothing_in_a_finding_becomes_markup(results: Path) -> None:
    written(results / "2.0.0" / "findings.jsonl", found(actual=HOSTILE), passed("cache"), release="2.0.0")
    made = compared(results)
    (row,) = [line for line in to_markdown(made).splitlines() if "cmd" in line]
    assert row.replace("\\|", "").count("|") == 8
    assert re.search(r"(?<!\\)[<>`*_\[\]]", row) is None
    assert "\x1b" not in row
    text = to_text(made)
    assert "\x1b" not in text
    assert "next | cell" in text
    assert markdown_text("a|b\\") == "a\\|b\\\\"


def test_inherited_rows_are_set_apart(results: Path) -> None:
    for name, ttft in (("1.0.0", 1.0), ("2.0.0", 2.0)):
        verdict = feasible(CELL, ttft_ms=ttft, inherited=("moe<-1.9",))
        matrix_written(results / name / "support_matrix.csv", verdict, release=name)
    made = compared(results)
    assert made.values is not None
    assert (len(made.values.changes), len(made.values.inherited)) == (0, 1)
    text = to_text(made)
    assert "Changed, with data of another version (1)" in text
    assert text.rstrip().endswith("mixed")
    before = replace(feasible(CELL, ttft_ms=1.0), origin=None)
    matrix_written(results / "1.0.0" / "support_matrix.csv", before)
    assert to_text(compared(results)).rstrip().endswith("unknown → mixed")


def test_a_side_is_a_release_a_folder_or_one_file(results: Path) -> None:
    folder = results / "2.0.0"
    both = [side_of("2.0.0", results), side_of("v2.0.0", results), side_of(str(folder), results / "gone")]
    assert [(side.findings is None, side.matrix is None, side.figures is None) for side in both] == [(False,) * 3] * 3
    assert side_of(str(folder / "findings.jsonl"), results).matrix is None
    bare = side_of(str(folder / "support_matrix.csv"), results)
    assert (bare.findings, bare.subject) == (None, "aiconfigurator 2.0.0")


def test_parts_in_a_folder_are_put_together_strictly(tmp_path: Path) -> None:
    written(tmp_path / "findings.1.jsonl", passed())
    written(tmp_path / "findings.2.jsonl", passed("cache"))
    side = side_of(str(tmp_path), tmp_path)
    assert side.findings is not None
    assert len(side.findings.pairs) == 2
    written(tmp_path / "findings.jsonl", passed("cache"))
    with pytest.raises(ResultsError, match="the same part"):
        side_of(str(tmp_path), tmp_path)


def test_what_cannot_be_compared_is_one_error(results: Path) -> None:
    old, new = results / "1.0.0", results / "2.0.0"
    findings, matrix = old / "findings.jsonl", new / "support_matrix.csv"
    (results / "empty").mkdir()
    (results / "3.0.0").symlink_to(old)
    (results / "9.9.9").mkdir()
    partial_path(results / "9.9.9" / "findings.jsonl").write_text("")
    cases = {
        (str(findings), str(matrix)): f"{matrix}: found a support matrix alone; expected what {findings} has",
        (str(matrix), str(findings)): f"{findings}: found findings alone; expected what {matrix} has",
        ("gone.jsonl", "1.0.0"): "gone.jsonl: found no such file; expected a release such as 0.12.0, a file of",
        (str(results / "empty"), "1.0.0"): "empty: found no results; expected findings.jsonl or support_matrix.csv.",
        ("9.9.9", "1.0.0"): "found only findings.jsonl.partial, of a run that did not end; expected findings.jsonl",
        ("3.0.0", "1.0.0"): "3.0.0: found results of aiconfigurator 1.0.0; expected those of 3.0.0, after which it is",
    }
    for (first, second), message in cases.items():
        with pytest.raises(HarnessError) as refused:
            compared(results, first, second)
        assert message in str(refused.value)


def test_parts_of_a_side_that_are_of_different_subjects_are_refused(results: Path) -> None:
    matrix_written(results / "1.0.0" / "support_matrix.csv", feasible(CELL), release="0.9.0")
    with pytest.raises(ResultsError, match=r"1\.0\.0: found evidence of aiconfigurator 0\.9\.0; expected the same"):
        compared(results)


def test_a_damaged_matrix_or_evidence_is_named(results: Path) -> None:
    path = results / "1.0.0" / "support_matrix.evidence.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(MatrixFileError, match=r"support_matrix\.evidence\.parquet"):
        compared(results)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ('{ version = "5.0.0", adapter = "a" }', "Make them: nox -s conformance-5.0.0"),
        (
            '{ version = "5.0.0", adapter = "a", stub = "a placeholder" }',
            "Make them: nox -s conformance-5.0.0 (a placeholder)",
        ),
        (
            '{ version = "4.0.0", adapter = "a" }',
            "found no release 5.0.0; expected one of 4.0.0. For a folder of that name: ./5.0.0",
        ),
    ],
)
def test_no_results_of_a_release_say_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, message: str
) -> None:
    monkeypatch.setattr("harness.results.sides.load_releases", lambda: list_of(tmp_path, listed))
    with pytest.raises(ResultsError) as refused:
        side_of("5.0.0", tmp_path / "results")
    assert message in str(refused.value)


def test_what_makes_a_comparison_doubtful_is_said(results: Path) -> None:
    new = results / "2.0.0"
    written(new / "findings.jsonl", passed("sharding"), release="2.0.0", versions={"harness": "2.0"})
    (new / "support_matrix.csv").unlink()
    made = compared(results)
    assert made.notes == (
        "1.0.0 was made with harness 1.0 and 2.0.0 with 2.0: a difference may be the harness's own",
        "statuses were not compared: 2.0.0 has none",
        "values were not compared: 2.0.0 has none",
        "1.0.0 was not asked: sharding",
        "2.0.0 was not asked: cache, weights",
    )
    assert "note: 1.0.0 was made with harness 1.0" in to_markdown(made)
    assert to_json_document(made)["statuses"] is None


def verdicts(*statuses: Status) -> list[Verdict]:
    return [
        replace(
            feasible(CELL) if status is Status.PASS else LOST,
            cell=replace(CELL, model=str(place)),
            status=status,
            source={Status.PASS: "silicon", Status.HYBRID_PASS: "xop"}.get(status, ""),
        )
        for place, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (Status.PASS, Status.FAIL, 1),
        (Status.PASS, Status.HYBRID_PASS, 1),
        (Status.FAIL, Status.PASS, 0),
        (Status.FAIL, Status.HW_INCOMPATIBLE, 0),
    ],
)
def test_a_status_that_got_worse_is_a_regression(tmp_path: Path, before: Status, after: Status, worse: int) -> None:
    old = matrix_written(tmp_path / "a.csv", *verdicts(before, Status.PASS), evidence=False)
    new = matrix_written(tmp_path / "b.csv", *verdicts(after, Status.PASS), evidence=False)
    made = compared(tmp_path, str(old), str(new))
    assert (made.regressions, made.values) == (worse, None)
    assert "of an unknown subject" in to_text(made)
