"""Markup, scripts and formulas in results are shown as they are, and do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.checks.records import Outcome
from harness.coordinates import Cell, Mode, Status
from harness.matrix.records import Verdict
from tests.fakes.reports import page_of
from tests.fakes.results import feasible, found, matrix_written, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Visit

HOSTILE = (
    "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\"'`${window.broken=1}&lt;{{7*7}}=1+1"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    cell = Cell(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Mode.AGG)
    failed = Verdict(
        Cell(HOSTILE, HOSTILE, HOSTILE, HOSTILE, Mode.DISAGG),
        HOSTILE,
        Status.FAIL,
        "",
        HOSTILE,
        HOSTILE,
        None,
        None,
        1,
        0.5,
        "",
    )
    matrix_written(folder / "support_matrix.csv", feasible(cell, inherited=(f"{HOSTILE}<-{HOSTILE}",)), failed)
    written(folder / "findings.jsonl", found(Outcome.FAIL, "weights", HOSTILE, HOSTILE, actual=HOSTILE, known=HOSTILE))
    page = folder / "index.html"
    page.write_text(page_of([folder]), encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("view", "params", "click"),
    [
        ("matrix", {}, "table.grid td.pass"),
        ("matrix", {"layout": "list"}, ".row-link >> nth=1"),
        ("matrix", {"q": HOSTILE, "system": HOSTILE, "cell": HOSTILE}, ""),
        ("model", {"id": HOSTILE}, ".group summary"),
        ("findings", {"by": "model"}, ".group summary"),
        ("findings", {"issue": HOSTILE}, ".finding summary"),
        ("run", {}, ""),
    ],
)
def test_is_harmless(visit: Callable[..., Visit], hostile: Path, view: str, params: dict[str, str], click: str) -> None:
    opened = visit(page=hostile)
    page = opened.open(view, **params)
    if click:
        page.click(click)
    assert page.evaluate("window.broken") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert view == "run" or HOSTILE in page.inner_text("body").replace("\n", "")
