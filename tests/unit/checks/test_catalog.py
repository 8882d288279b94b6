from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.checks.catalog import catalog, replaced
from harness.checks.registry import checks
from harness.errors import DataFileError

DOCS = Path(harness.__file__).parents[1] / "docs"


def test_every_check_has_a_row() -> None:
    assert [line.split("`")[1] for line in catalog().splitlines()[2:]] == list(checks())


def test_the_page_is_up_to_date() -> None:
    page = (DOCS / "checks.md").read_text(encoding="utf-8")
    assert replaced(page) == page, "run: nox -s findings"


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(DataFileError, match="no place for the table"):
        replaced("# Checks\n")
