"""The document and the page that holds it: complete, small, and nothing in the data gets out of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from harness.checks.records import Outcome
from harness.coordinates import Cell, Database, Mode, Status
from harness.matrix.records import Verdict
from harness.report.build import build
from harness.report.html import SCRIPTS, page_file, render, script_text
from harness.report.loading import load
from harness.report.markdown import LIMIT, to_markdown
from harness.report.summary import summary_of
from harness.results.sides import side_of
from tests.fakes.models import DATABASES, described, models_written
from tests.fakes.results import feasible, found, matrix_written, passed, skipped, written

if TYPE_CHECKING:
    from pathlib import Path

    from harness.report.payload import Payload

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CELL = Cell("Org/A", "h200_sxm", "vllm", "1.0", Mode.AGG)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;img src=x onerror=alert(1)>",
    '=cmd|"/c calc"!A0',
    "\u2028\u2029\x00\x1b[31m\ud800",
    "`|*_[x](javascript:alert(1))| @everyone",
    "{{ 7 * 7 }}{% raw %}",
)


def failing(cell: Cell, error: str, *, architecture: str = "Arch", command: str = "cmd") -> Verdict:
    return Verdict(
        cell=cell,
        architecture=architecture,
        status=Status.FAIL,
        source="",
        error=error,
        command=command,
        point=None,
        origin=None,
        points_tried=2,
        seconds=0.5,
        log="",
    )


def results(folder: Path, *, release: str = "1.0.0", ttft_ms: float = 12.5) -> Path:
    other = Cell("Org/B", "h200_sxm", "vllm", "1.10", Mode.DISAGG)
    folder.mkdir(exist_ok=True)
    crashed = failing(other, "crashed: signal SIGSEGV")
    matrix_written(folder / "support_matrix.csv", feasible(CELL, ttft_ms=ttft_ms), crashed, release=release)
    written(
        folder / "findings.jsonl",
        found(known="no-such-issue"),
        found(check="cache", model="Org/B", actual="new"),
        passed("families"),
        skipped("mtp_counts"),
        release=release,
    )
    models_written(folder / "models.jsonl", "Org/A", release=release)
    return folder


def payload_of(folder: Path, against: Path | None = None) -> Payload:
    return build(load([str(folder)], folder), side_of(str(against), folder) if against else None, WHEN)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["script"]:
            self.scripts.append(data)


def parsed(page: str) -> tuple[list[str], dict[str, Any]]:
    """Tags of a page, and its document."""
    reader = _Tags()
    reader.feed(page)
    return reader.tags, json.loads(reader.scripts[0])


def test_the_document_holds_what_the_results_say(tmp_path: Path) -> None:
    _, document = parsed(render(payload_of(results(tmp_path))))
    matrix = document["matrix"]
    assert [model["id"] for model in document["models"]] == ["Org/A", "Org/B"]
    assert [f"{each['version']} {each['newest']}" for each in document["databases"]] == [
        "2.0 True",
        "1.10 True",
        "1.0 False",
    ]
    assert matrix["status"]["values"] == [status.value for status in Status]
    assert [matrix["status"]["values"][code] for code in matrix["status"]["codes"]] == ["PASS", "FAIL"]
    assert document["run"]["crashes"] == [1]
    estimates = matrix["estimates"]
    assert (estimates["ttft_ms"], estimates["tpot_ms"], estimates["rate"]) == ([12.5], [3.25], [640])
    assert estimates["workers"]["memory_gib"] == [80]
    command = matrix["reproduce"]["values"][matrix["reproduce"]["codes"][1]]
    coordinates = ("Org/B", "h200_sxm", "vllm", "1.10", "disagg")
    text = "".join(piece if isinstance(piece, str) else coordinates[piece] for piece in command)
    assert text == "aic-harness matrix run --model Org/B --system h200_sxm --backend vllm --version 1.10 --mode disagg"
    findings = document["findings"]
    # New ones first, known ones after them, skips last.
    assert findings["issue"] == [-1, 0, -1]
    assert [findings["outcome"]["values"][code] for code in findings["outcome"]["codes"]] == ["fail", "fail", "skip"]
    assert findings["tally"] == {"passed": 1, "known": 1, "failed": 1, "errors": 0, "skipped": 1}
    assert document["changes"] is None


def test_databases_of_a_description_are_found_in_the_list_of_the_page(tmp_path: Path) -> None:
    document = parsed(render(payload_of(results(tmp_path))))[1]
    (description,) = (model["description"] for model in document["models"] if model["description"])

    def name(place: int) -> str:
        return "/".join(document["databases"][place][part] for part in ("system", "backend", "version"))

    assert name(description["breakdown"]["database"]) == str(DATABASES[1])
    assert [name(place) for place in description["needs"][0]["databases"]] == [str(DATABASES[1])]
    assert description["total"] == described().total
    assert description["breakdown"]["ttft_ms"] == 10.123
    tables = document["coverage"]["tables"]
    coverage = {name(each["database"]): each for each in document["coverage"]["databases"]}
    own = coverage[str(DATABASES[0])]["own"]
    inherited = coverage[str(DATABASES[1])]["inherited"]
    assert [tables[place]["name"] for place in own] == ["gemm_perf"]
    assert [(tables[place]["family"], source) for place, source in inherited] == [
        ("gemm", "0.9"),
        ("moe", "trtllm 2.0"),
    ]


def test_figures_that_physics_does_not_allow_are_implausible(tmp_path: Path) -> None:
    for name, ttft_ms, said in (("fast", 1e-6, "implausible"), ("slow", 500.0, "plausible")):
        cell = Cell("Qwen/Qwen3-32B", "h200_sxm", "vllm", "1.0", Mode.AGG)
        verdict = feasible(cell, ttft_ms=ttft_ms)
        command = "x --isl 256 --osl 256 --prefix 128"
        matrix_written(tmp_path / f"{name}.csv", replace(verdict, command=command))
        matrix = payload_of(tmp_path / f"{name}.csv").matrix
        assert matrix
        assert matrix.estimates.plausibility.values == (said,)
        assert bool(matrix.estimates.doubt.values[0]) is (said == "implausible")
        assert matrix.estimates.isl == (256,)


def test_what_changed_points_at_rows_of_the_matrix(tmp_path: Path) -> None:
    old = results(tmp_path / "old", ttft_ms=10.0)
    matrix_written(
        old / "support_matrix.csv",
        feasible(CELL, ttft_ms=10.0),
        feasible(Cell("Org/B", "h200_sxm", "vllm", "1.10", Mode.DISAGG)),
    )
    payload = payload_of(results(tmp_path / "new"), old)
    changes = payload.changes
    assert changes
    assert changes.statuses
    assert changes.values
    assert changes.findings
    assert (changes.statuses.cell, changes.regressions) == ((1,), 1)
    assert [changes.statuses.direction.values[code] for code in changes.statuses.direction.codes] == ["worse"]
    assert (changes.values.cell, changes.values.ratio) == ((0,), (1.25,))
    assert changes.findings.kept == 2
    summary = summary_of(payload)
    assert (summary.regressions, summary.new_findings, summary.fine) == (1, 1, False)
    text = to_markdown(payload, summary)
    assert "### Worse (1)" in text
    assert "Org/B on h200\\_sxm/vllm/1.10 disagg" in text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_in_the_data_gets_out_of_the_page(tmp_path: Path, text: str) -> None:
    """Markup, formulas and bytes that are no text, wherever a word of a file can stand."""
    line = "".join(char if char.isprintable() else " " for char in text)
    cell = Cell(f"Org/{line}", line, line, line, Mode.AGG)
    matrix = tmp_path / "support_matrix.csv"
    matrix_written(matrix, failing(cell, text, architecture=text, command=text), feasible(CELL))
    finding = found(Outcome.ERROR, line, f"Org/{line}", text, actual=text, known=text)
    database = Database(line, line, line)
    written(tmp_path / "findings.jsonl", finding, found(check="x", model="Org/A", database=database, actual=text))
    models_written(tmp_path / "models.jsonl", f"Org/{line}", text=text.replace("\ud800", "?"))
    plain = parsed(render(payload_of(results(tmp_path / "plain"))))[0]
    payload = payload_of(tmp_path)
    page = render(payload)
    tags, document = parsed(page)
    assert tags == plain
    assert page.count("</script") == plain.count("script")
    block = page.partition('id="payload">')[2].partition("</script>")[0]
    assert not set(block) & set("<>&\u2028\u2029")
    page.encode()
    shown = text.encode("utf-8", "backslashreplace").decode()
    assert shown in document["findings"]["actual"]["values"]
    assert line in " ".join(model["id"] for model in document["models"])
    markdown = to_markdown(payload, summary_of(payload))
    assert "\x1b" not in markdown
    assert not re.search(r"(?<!\\)<|(?<!\\)\]\(", markdown)
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in markdown.splitlines() if "Org/" in row}) <= 3


def test_the_policy_lets_the_one_script_and_the_one_style_in(tmp_path: Path) -> None:
    page = render(payload_of(results(tmp_path)))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"""(?:src|href)=["'](?!#)|url\(|@import""", page.split('id="payload"')[0])


def test_every_file_of_the_page_is_used() -> None:
    folder = files("harness.report") / "page"
    there = {entry.name for entry in folder.iterdir() if entry.name.endswith(".js")}
    assert there == set(SCRIPTS)
    assert all(len(page_file(name).splitlines()) <= 400 for name in there)
    assert "</script" not in script_text()
    assert "</style" not in page_file("style.css")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script_text())


def test_a_bare_matrix_of_an_old_release_has_a_page(tmp_path: Path) -> None:
    matrix = tmp_path / "m.csv"
    matrix.write_text(
        "HuggingFaceID,Architecture,System,Backend,Version,Mode,Status,ErrMsg\nOrg/A,Arch,h200_sxm,vllm,1.0,agg,PASS,\nOrg/A,Arch,h200_sxm,vllm,1.0,disagg,,\n"
    )
    payload = payload_of(matrix)
    document = parsed(render(payload))[1]
    assert document["subject"] == ""
    assert document["matrix"]["status"]["values"][-1] == ""
    assert document["matrix"]["seconds"] == [None, None]
    assert [note.partition(":")[0] for note in document["run"]["notes"]] == [
        "no evidence beside the matrix, so no figures",
        "no findings",
        "no descriptions of models and tables",
    ]
    assert "| not judged | 0 | 1 | 1 |" in to_markdown(payload, summary_of(payload))


@pytest.mark.parametrize("limit", [LIMIT, 3000, 600, 100])
def test_markdown_fits_and_says_that_it_was_cut(tmp_path: Path, limit: int) -> None:
    findings = [found(check=f"check_{place}", about="é" * 99, actual="|" * 99) for place in range(400)]
    written(tmp_path / "findings.jsonl", *findings)
    payload = payload_of(tmp_path / "findings.jsonl")
    text = to_markdown(payload, summary_of(payload), limit)
    assert len(text.encode()) <= limit
    assert "more; the page has them all" in text or "rows left out" in text or "Cut here" in text
