"""Every view: it loads, axe has nothing against it, it fits every screen, and a picture of it is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import CELL, DESCRIBED, SCREENSHOTS, SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.browser.conftest import Visit

VIEWS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "matrix": ("matrix", {}, "table.grid td.pass"),
    "filtered": ("matrix", {"status": "FAIL", "versions": "all"}, "table.grid td.fail"),
    "list": ("matrix", {"layout": "list", "order": "-9"}, "table.long tbody td"),
    "cell": ("matrix", {"cell": CELL}, "#drawer .bound"),
    "models": ("model", {}, ".mini-strip"),
    "model": ("model", {"id": DESCRIBED[0]}, ".layers rect"),
    "findings": ("findings", {}, ".group"),
    "findings-by-model": ("findings", {"by": "model"}, ".group"),
    "skipped": ("findings", {"kind": "skip", "by": "check"}, ".group"),
    "changes": ("changes", {}, ".tile"),
    "figures": ("changes", {"list": "values"}, ".tile"),
    "coverage": ("coverage", {"open": "attention"}, ".coverage td"),
    "run": ("run", {}, ".card"),
    "nothing-left": ("matrix", {"q": "no such model"}, ".nothing"),
    "no-such-cell": ("matrix", {"cell": "a|b"}, "#drawer .nothing"),
    "no-such-model": ("model", {"id": "a"}, ".nothing"),
}
"""Name of each picture: view, parameters, and what must be seen."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_is_accessible_and_kept_as_a_picture(visit: Callable[..., Visit], name: str, scheme: str) -> None:
    view, params, seen = VIEWS[name]
    opened = visit(scheme=scheme)
    page = opened.open(view, **params)
    assert page.is_visible(seen)
    assert opened.complaints() == []
    _keep(opened, f"{name}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", VIEWS)
def test_fits_the_screen(visit: Callable[..., Visit], name: str, size: str) -> None:
    view, params, _ = VIEWS[name]
    opened = visit(size)
    page = opened.open(view, **params)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    if size != "desk":
        _keep(opened, f"{name}-{size}")


@pytest.mark.parametrize("name", ["matrix", "model", "findings"])
def test_is_accessible_on_a_narrow_screen(visit: Callable[..., Visit], name: str) -> None:
    view, params, _ = VIEWS[name]
    opened = visit("narrow")
    opened.open(view, **params)
    assert opened.complaints() == []


def test_prints_every_row(visit: Callable[..., Visit]) -> None:
    page = visit().open()
    drawn = page.locator("table.grid tbody tr[data-place]").count()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    models = int(page.get_attribute("table.grid", "aria-rowcount") or 0) - 4
    assert drawn < models == page.locator("table.grid tbody tr[data-place]").count()
    assert not page.is_visible("#tools")


def _keep(opened: Visit, name: str) -> None:
    folder = os.environ.get(SCREENSHOTS)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        opened.page.screenshot(path=Path(folder) / f"{name}.png")
