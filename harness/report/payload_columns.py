"""Columns of the tables of the page's document; see `harness/report/payload.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.results.model_records import Codes

Numbers = tuple[float | None, ...]
"""For each row, a figure; null where there is none."""
Template = tuple[str | int, ...]
"""Pieces of a text: strings as they are, and numbers that stand for a coordinate of the row, by its place in
`COORDINATES`."""

COORDINATES = ("model", "system", "backend", "version", "mode")
"""What the numbers in a `Template` stand for."""


@dataclass(frozen=True, slots=True)
class Words:
    """A column of texts: the text of a row is `values[codes[row]]`."""

    values: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Templates:
    """A column of texts: that of a row is `values[codes[row]]`, with numbers replaced by the row's coordinates."""

    values: tuple[Template, ...]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts of several lines: text number i is the lines `values[each]` for each code in `texts[i]`."""

    values: tuple[str, ...]
    texts: tuple[Codes, ...]
