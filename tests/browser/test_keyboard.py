"""Everything can be done without a pointer, and one always sees where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.conftest import CELL
from tests.fakes.reports import NEW_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit

_FOCUSED = "document.activeElement"


def label(page: Page) -> str:
    return str(page.evaluate(f"{_FOCUSED}.getAttribute('aria-label') || {_FOCUSED}.innerText"))


def place(page: Page) -> tuple[int, int]:
    found = page.evaluate(f"[{_FOCUSED}.closest('tr').dataset.place, {_FOCUSED}.closest('td, th').cellIndex]")
    return int(found[0]), int(found[1])


def tab_until(page: Page, condition: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(condition):
            return
    raise AssertionError(f"no stop where {condition}")


def into_grid(page: Page) -> None:
    tab_until(page, f"Boolean({_FOCUSED}.closest('.grid tbody'))")


def test_first_stop_skips_to_the_content(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(q="llama")
    page.keyboard.press("Tab")
    assert label(page) == "Skip to content"
    assert page.evaluate(f"{_FOCUSED}.getBoundingClientRect().x") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate(f"{_FOCUSED}.id") == "main"
    assert opened.state() == "#matrix?q=llama"


def test_the_grid_is_one_stop_with_arrows_inside(visit: Callable[..., Visit]) -> None:
    page = visit().open()
    into_grid(page)
    start = place(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert place(page) == (start[0] + 2, start[1] + 1)
    outline = page.evaluate(f"getComputedStyle({_FOCUSED}).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("End")
    last = place(page)[1]
    assert last == page.locator("thead .mode").count()
    page.keyboard.press("Control+End")
    assert place(page)[0] == int(page.get_attribute("table.grid", "aria-rowcount") or 0) - 5
    page.keyboard.press("Control+Home")
    page.keyboard.press("Home")
    assert place(page) == (0, 0)
    page.keyboard.press("Tab")
    assert page.evaluate(f"Boolean({_FOCUSED}.closest('.grid tbody'))") is False


def test_focus_survives_rows_that_leave_the_document(visit: Callable[..., Visit]) -> None:
    page = visit().open()
    into_grid(page)
    for _ in range(6):
        page.keyboard.press("PageDown")
    assert place(page)[0] == 60
    assert page.evaluate(f"{_FOCUSED}.getBoundingClientRect().bottom <= innerHeight + scrollY + 2000")


def test_a_cell_opens_follows_the_arrows_and_gives_the_focus_back(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(q=NEW_IN)
    into_grid(page)
    page.keyboard.press("ArrowRight")
    here = place(page)
    page.keyboard.press("Enter")
    assert page.evaluate(f"{_FOCUSED}.id") == "drawer"
    first = opened.state()
    page.keyboard.press("Escape")
    assert page.is_hidden("#drawer")
    assert place(page) == here
    page.keyboard.press("Enter")
    page.locator("table.grid td.open").focus()
    page.keyboard.press("ArrowRight")
    assert opened.state() != first
    assert page.is_visible("#drawer")


def test_slash_searches_and_escape_closes_what_is_open(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open(cell=CELL)
    page.keyboard.press("/")
    assert label(page) == "Search models ( / )"
    page.click(".toolbar .term >> nth=0")
    assert "five words" in opened.shown(".explained")
    page.keyboard.press("Escape")
    assert page.locator(".explained").count() == 0
    page.click("details.ticks summary >> nth=0")
    page.keyboard.press("Escape")
    assert page.locator("details.ticks[open]").count() == 0
    assert page.is_visible("#drawer")
    page.keyboard.press("Escape")
    assert page.is_hidden("#drawer")


def test_filters_work_with_keys(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open()
    tab_until(page, f"{_FOCUSED}.classList.contains('fail') && {_FOCUSED}.classList.contains('chip')")
    page.keyboard.press("Space")
    assert opened.state() == "#matrix?status=FAIL"
    assert page.evaluate(f"{_FOCUSED}.getAttribute('aria-pressed')") == "true"


def test_findings_open_with_keys(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.open("findings", kind="new")
    tab_until(page, f"{_FOCUSED}.matches('.group > summary')")
    page.keyboard.press("Enter")
    tab_until(page, f"{_FOCUSED}.matches('.finding > summary')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".finding[open] .command")
    assert "aic-harness check" in opened.shown(".finding[open]")


def test_colours_follow_the_system_until_one_chooses(visit: Callable[..., Visit]) -> None:
    def ground(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark = visit().open(), visit(scheme="dark").open()
    assert ground(light) != ground(dark)
    light_ground, dark_ground = ground(light), ground(dark)
    for expected in (light_ground, dark_ground):
        light.click("#tools button")
        assert ground(light) == expected
    light.reload()
    light.wait_for_selector("html[data-ready]", state="attached")
    assert ground(light) == dark_ground
