"""What one does with the matrix: filter, search, sort, open a cell, share the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import CELL
from tests.fakes.reports import DOUBTED, NEW_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit

ROWS = "table.grid tbody tr[data-place]"


def names(page: Page) -> list[str]:
    return [link.get_attribute("title") or "" for link in page.locator(f"{ROWS} th a").all()]


def test_first_screen_answers_three_questions(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open()
    fine, changed, wrong = (page.inner_text(f".answer:nth-child({place})") for place in (1, 2, 3))
    assert "2 checks failed unexpectedly" in fine
    assert "implausible estimates" in fine
    assert "regressions" in changed
    assert "known issues" in wrong
    page.click(".answer:first-child .headline a:first-of-type")
    assert opened.state() == "#findings?kind=new"
    assert NEW_IN in opened.shown(".groups")


def test_newest_versions_come_first_and_all_are_one_click_away(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open()
    newest = opened.cells_shown()
    page.click('[aria-label="Versions"] [data-value="all"]')
    assert opened.cells_shown() == 7950 > newest
    assert "versions=all" in opened.state()


def test_searches_as_one_types(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open()
    page.keyboard.press("/")
    page.keyboard.type("qwen3-32b fp8")
    assert names(page)
    assert all("qwen3-32b" in name.lower() and "fp8" in name.lower() for name in names(page))
    assert "q=qwen3-32b+fp8" in opened.state()


def test_filters_by_status_and_says_how_many(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(versions="all")
    chip = page.locator(".chip.framework")
    expected = int(chip.locator(".number").inner_text().replace(",", ""))
    chip.click()
    assert opened.cells_shown() == expected
    assert chip.get_attribute("aria-pressed") == "true"
    assert page.locator("table.grid td.framework:not(.dim)").count() > 0
    assert page.locator("table.grid td.pass:not(.dim)").count() == 0
    page.click("text=Clear filters")
    assert opened.cells_shown() == 7950


@pytest.mark.parametrize(("label", "value", "left"), [("System", "h200_sxm", 1), ("Backend", "vllm", 1)])
def test_filters_columns(visit: Callable[..., Visit], label: str, value: str, left: int) -> None:
    opened = visit()
    page = opened.open()
    before = page.locator("thead .mode").count()
    page.click(f"details.ticks summary:has-text('{label}')")
    page.check(f'input[value="{value}"]')
    page.keyboard.press("Escape")
    assert 0 < page.locator("thead .mode").count() < before
    heads = {each.inner_text() for each in page.locator(f"thead .{label.lower()}").all()}
    assert heads == {value}
    assert len(heads) == left
    assert f"{label.lower()}={value}" in opened.state()


def test_filters_families(visit: Callable[..., Visit]) -> None:
    page = visit().open(family="GptOssForCausalLM")
    assert names(page) == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]


def test_filters_what_nobody_should_believe(visit: Callable[..., Visit]) -> None:
    page = visit().open(plausibility="implausible")
    assert names(page) == [DOUBTED]
    assert page.locator("table.grid td.doubt").first.inner_text() == "!"


def test_modes_can_be_seen_apart(visit: Callable[..., Visit]) -> None:
    page = visit().open(mode="disagg")
    assert {each.get_attribute("title") for each in page.locator("thead .mode").all()} == {"disagg"}


@pytest.mark.parametrize(("sort", "first"), [("findings", NEW_IN), ("doubt", DOUBTED)])
def test_sorts(visit: Callable[..., Visit], sort: str, first: str) -> None:
    opened = visit()
    page = opened.open()
    page.select_option(".field select", sort)
    assert names(page)[0] == first


def test_a_cell_tells_its_evidence_and_how_to_reproduce_it(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(q=NEW_IN, system="h200_sxm", backend="trtllm")
    page.click("table.grid td.pass")
    text = opened.shown("#drawer")
    for said in ("PASS", "TTFT", "the bound of", "tp8", "GiB", "Since old", "ratio"):
        assert said in text
    assert "aic-harness matrix run --model Qwen/Qwen3-8B --system h200_sxm --backend trtllm" in text
    assert f"cell={CELL}" in opened.state()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#drawer .copy >> nth=0")
    page.wait_for_selector("#drawer .copied:has-text('Copied')")
    page.click("#drawer .close")
    assert page.is_hidden("#drawer")
    assert "cell=" not in opened.state()


def test_a_cell_that_fails_tells_its_cause(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(status="FAIL")
    page.click("table.grid td.fail")
    assert "First cause" in opened.shown("#drawer")
    assert "Error" in opened.shown("#drawer .cause")


def test_a_view_can_be_shared(visit: Callable[..., Visit]) -> None:
    first = visit()
    page = first.open()
    page.fill("input[type=search]", "llama")
    page.click(".chip.fail")
    page.click('[aria-label="Mode"] [data-value="disagg"]')
    page.click("table.grid td.fail:not(.dim)")
    second = visit()
    second.page.goto(page.url)
    second.page.wait_for_selector("html[data-ready]", state="attached")
    assert second.state() == first.state()
    for part in ("#drawer", "output.shown", "table.grid"):
        assert second.shown(part) == first.shown(part)
    assert second.page.input_value("input[type=search]") == "llama"


def test_going_back_brings_the_view_back(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(q="llama", sort="findings")
    page.click("table.grid tbody th a")
    page.wait_for_selector(".page-head .title")
    page.go_back()
    page.wait_for_selector("table.grid td")
    assert page.input_value("input[type=search]") == "llama"
    assert "sort=findings" in opened.state()


def test_the_list_sorts_by_figures(visit: Callable[..., Visit]) -> None:
    page = visit().open(layout="list")
    column = page.locator("table.long thead th").all_inner_texts().index("tokens/s/GPU")
    for direction in ("ascending", "descending"):
        page.click("table.long thead button:has-text('tokens/s/GPU')")
        assert page.get_attribute(f"table.long thead th:nth-child({column + 1})", "aria-sort") == direction
    shown = page.locator(f"table.long tbody tr:not(.spacer) td:nth-child({column + 1})").all_inner_texts()
    figures = [float(text.replace(",", "")) for text in shown if text[0].isdigit()]
    assert figures == sorted(figures, reverse=True)
    assert len(figures) > 10


def test_rows_appear_while_scrolling(visit: Callable[..., Visit]) -> None:
    page = visit().open(layout="list", versions="all")
    page.evaluate("document.querySelector('.grid-scroll').scrollTop = 1e6")
    page.wait_for_selector("table.long td:has-text('zai-org/GLM-5.3-FP8')")
    assert page.locator("table.long tbody tr").count() < 200
