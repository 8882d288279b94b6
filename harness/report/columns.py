"""Columns of the document, packed: each text once, figures no longer than they are exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.matrix.table import utf8
from harness.report.payload_columns import Lines, Templates, Words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence
    from typing import TypeVar

    from harness.report.payload_columns import Template

    HashableT = TypeVar("HashableT", bound=Hashable)

_DIGITS = 5
_GIB = 1 << 30


def places(values: Iterable[HashableT]) -> dict[HashableT, int]:
    """Place of each value in a list."""
    return {value: place for place, value in enumerate(values)}


def words(texts: Iterable[str], first: Iterable[str] = ()) -> Words:
    """A column of texts.

    Args:
        texts: One for each row.
        first: Texts that the list of values begins with, whether or not they occur.
    """
    known: dict[str, int] = {utf8(text): place for place, text in enumerate(first)}
    codes = tuple(known.setdefault(utf8(text), len(known)) for text in texts)
    return Words(tuple(known), codes)


def templates(rows: Iterable[tuple[str, Sequence[str]]]) -> Templates:
    """A column of texts that speak of their rows.

    Args:
        rows: Text and coordinates of each row, in the order of `COORDINATES`.
    """
    known: dict[Template, int] = {}
    codes = tuple(known.setdefault(_template(utf8(text), coordinates), len(known)) for text, coordinates in rows)
    return Templates(tuple(known), codes)


def _template(text: str, coordinates: Sequence[str]) -> Template:
    values = {utf8(value): place for place, value in enumerate(coordinates) if value}
    pieces: list[str | int] = [text]
    # Longest first, for a version may be part of a model's name.
    for value in sorted(values, key=lambda value: (-len(value), value)):
        pieces = [part for piece in pieces for part in _cut(piece, value, values[value])]
    return tuple(pieces)


def _cut(piece: str | int, value: str, place: int) -> Iterator[str | int]:
    """A piece without a value, whose place stands where it was."""
    if isinstance(piece, int):
        yield piece
        return
    for before, part in enumerate(piece.split(value)):
        if before:
            yield place
        if part:
            yield part


class LinePool:
    """Texts of several lines, each line kept once and each text once."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._packed: list[tuple[int, ...]] = []

    def add(self, text: str) -> int:
        """Keep a text; its place among the texts, -1 for an empty one."""
        if not text:
            return -1
        if text not in self._texts:
            self._texts[text] = len(self._packed)
            self._packed.append(
                tuple(self._lines.setdefault(line, len(self._lines)) for line in utf8(text).split("\n"))
            )
        return self._texts[text]

    def lines(self) -> Lines:
        """All that was kept."""
        return Lines(tuple(self._lines), tuple(self._packed))


def number(value: object, digits: int = _DIGITS) -> float | None:
    """A figure with as many digits as are worth showing; None for what is no finite number."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded


def whole(value: object) -> int | None:
    """A count; None where there is none."""
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def gib(value: object) -> float | None:
    """Bytes in GiB."""
    return number(value / _GIB, 4) if isinstance(value, int | float) else None


def texts(column: Words) -> list[str]:
    """The texts of a column, row by row."""
    return [column.values[code] for code in column.codes]
