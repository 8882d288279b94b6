"""Pieces of Python source, laid out as `ruff format` lays them out."""

from __future__ import annotations

import math
import re
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from harness.reference.folding import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 120
_INDENT = "    "
_LONGEST_NAME = 60
_PIECE = 90
"""Characters of a string on one line, where it must go on several."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Runs = tuple[tuple[int, object], ...]
"""Equal values in a row: how many, which."""


def literal(value: object) -> str:
    """A number, a string, a truth value or None, with double quotes where they need no escapes."""
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def is_plain(value: object) -> bool:
    """Whether `literal` can write it."""
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def attribute(path: str) -> str:
    """Name of an attribute for a field, whose path may have dots; empty where there is no decent one."""
    name = re.sub(r"_+", "_", path.replace(".", "_").strip("_").lower())
    return name if _NAME.fullmatch(name) and len(name) <= _LONGEST_NAME else ""


def bracketed(before: str, items: Sequence[str], after: str, indent: int = 0) -> list[str]:
    """A call or a collection on one line, or with one element on each where that is too long.

    Args:
        before: What stands before the elements, the opening bracket included.
        items: The elements.
        after: What follows, from the closing bracket on.
        indent: Levels of indentation.
    """
    margin = _INDENT * indent
    line = f"{margin}{before}{', '.join(items)}{after}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{margin}{before}", *(f"{margin}{_INDENT}{item}," for item in items), f"{margin}{after}"]


def wrapped(text: str, indent: int = 1, hanging: int = 0) -> list[str]:
    """Prose of a docstring or a comment.

    Args:
        text: The prose; whatever would end a string is taken out.
        indent: Levels of indentation.
        hanging: Further levels from the second line on.
    """
    lines = textwrap.wrap(
        prose(text),
        WIDTH,
        initial_indent=_INDENT * indent,
        subsequent_indent=_INDENT * (indent + hanging),
        break_on_hyphens=False,
    )
    return lines or [""]


def prose(text: str) -> str:
    """Free text on one line, without what would end or escape a string."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.replace("\\", "/").replace('"', "'").split())


def noted(text: str) -> str:
    """Free text on one line of Markdown, without HTML."""
    return prose(text).replace("<", "&lt;")


def string(name: str, value: str, indent: int = 0) -> list[str]:
    """Assignment of a string, over several lines where it is long."""
    margin = _INDENT * indent
    line = f"{margin}{name} = {literal(value)}"
    if len(line) <= WIDTH:
        return [line]
    pieces = (value[start : start + _PIECE] for start in range(0, len(value), _PIECE))
    return [f"{margin}{name} = (", *(f"{margin}{_INDENT}{literal(piece)}" for piece in pieces), f"{margin})"]


def sequence(name: str, values: Sequence[object], brackets: str = "()", indent: int = 0) -> list[str]:
    """Assignment of a sequence by its runs of equal values; the source has a function `repeated` that repeats runs.

    Args:
        name: What it is assigned to.
        values: The values.
        brackets: Round ones for a tuple, square ones for a list.
        indent: Levels of indentation.
    """
    parts = [[str(times), *(f"({n}, {literal(value)})" for n, value in runs)] for runs, times in _periods(values)]
    if len(parts) == 1:
        before, after = ("repeated(", ")") if brackets == "()" else ("[*repeated(", ")]")
        line = bracketed(f"{name} = {before}", parts[0], after, indent)
        if brackets == "()" or len(line) == 1:
            return line
    lines = [f"{_INDENT * indent}{name} = {brackets[0]}"]
    for items in parts:
        lines += bracketed("*repeated(", items, "),", indent + 1)
    return [*lines, f"{_INDENT * indent}{brackets[1]}"]


def _periods(values: Sequence[object]) -> list[tuple[Runs, int]]:
    """Runs that repeat at once, and how often; what does not repeat is joined."""
    runs = tuple((len(list(group)), value) for value, group in groupby(values))
    found: list[tuple[Runs, int]] = []
    for period, times in folded(runs):
        if times == 1 and found and found[-1][1] == 1:
            found[-1] = (*found[-1][0], *period), 1
        else:
            found.append((tuple(period), times))
    return found


def module(parts: Iterable[Iterable[str]]) -> str:
    """A module from its parts, two empty lines between them."""
    return "\n\n\n".join("\n".join(part) for part in parts) + "\n"
