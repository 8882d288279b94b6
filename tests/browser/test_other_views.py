"""What one does with models, findings, changes, coverage and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import DESCRIBED
from tests.fakes.reports import NEW_IN, WORSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Visit


def test_a_model_is_found_and_opened(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("model")
    page.fill("input[type=search]", "scout")
    page.click("table.models tbody a:has-text('Llama-4-Scout')")
    expect(page.locator("main")).to_contain_text("Parameters by component")
    assert opened.state() == f"#model?id={DESCRIBED[0]}"
    text = opened.shown("main")
    for said in ("reference", "subject", "Parameters by component", "KV cache", "Latency by op", "the bound of"):
        assert said in text
    assert page.locator(".strip").first.locator("rect").count() == 48
    assert "the subject prices 24 layers of full; the reference has 12" in text
    assert page.locator(".series polyline").count() == 2


def test_a_model_leads_to_its_cells_and_findings(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("model", id=NEW_IN)
    page.click(".versions .mini >> nth=0")
    expect(page.locator("#drawer")).to_contain_text("TTFT")
    page.click("#drawer .close")
    findings = page.locator("#findings-of-model")
    assert findings.locator(".group").first.inner_text().find("new") >= 0
    findings.locator(".group > summary").first.click()
    findings.locator(".finding > summary").first.click()
    # What is inside is made when the browser says that it opened, which is after the click.
    expect(findings.locator(".finding[open] .command").first).to_contain_text(f"aic-harness check {NEW_IN}")


def test_findings_are_grouped_and_filtered(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("findings")
    groups = page.locator(".groups > .group")
    by_issue = groups.count()
    assert "new" in groups.first.inner_text()
    page.click('[data-value="model"]')
    assert groups.count() == 75 > by_issue
    assert opened.state() == "#findings?by=model"
    page.fill("input[type=search]", "tp64.embedding gpt-oss")
    assert groups.count() == 2
    assert opened.shown("output.shown") == "8 findings"
    page.click('[data-value="new"]')
    assert "✓ Nothing is wrong" in opened.shown("main")


def test_a_large_group_shows_a_part_first(visit: Callable[..., Visit]) -> None:
    page = visit().open("findings", issue="embedding-not-sharded")
    findings = page.locator(".group .finding")
    assert findings.count() == 60
    page.click("text=Show more")
    assert findings.count() == 120


def test_changes_start_with_what_got_worse(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("changes")
    assert "statuses worse" in opened.shown("h2.list-title")
    assert WORSE in opened.shown("table.long tbody")
    page.click("table.long tbody button >> nth=0")
    assert "PASS" in opened.shown("#drawer")
    assert "worse" in opened.shown("#drawer")
    page.click("#drawer .close")
    page.click(".tile:has-text('findings new')")
    assert opened.state() == "#changes?list=new"
    assert "cache_sharding" in opened.shown(".groups")
    page.click(".tile:has-text('figures')")
    assert "TTFT ms" in opened.shown("table.long tbody")
    assert page.locator("svg.ratio").count() > 10


def test_coverage_opens_families(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("coverage")
    rows = page.locator(".coverage tbody tr")
    families = rows.count()
    page.click(".family button:has-text('attention') >> nth=0")
    assert rows.count() > families
    assert "open=attention" in opened.state()
    page.click('[data-value="tables"]')
    assert rows.count() > 2 * families


def test_the_run_names_files_versions_and_cost(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("run")
    text = opened.shown("main")
    for said in ("support_matrix.csv", "findings.jsonl", "models.jsonl", "7,950", "harness 1.0", "none crashed"):
        assert said in text
    assert page.locator(".costs tbody tr").count() == 53
