"""Text that others wrote, made fit for a terminal, for Markdown, and for a spreadsheet."""

from __future__ import annotations

import re

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
"""What a terminal obeys or hides instead of showing it."""

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")
_FORMULA = re.compile(r"\s*[=+\-@]")
_APOSTROPHE = "'"


def printable(text: str) -> str:
    r"""The text with everything spelled out that steers a terminal, such as `\x1b`; line ends and tabs stay."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def json_text(text: str) -> str:
    """A JSON document with everything escaped that steers a terminal; JSON itself leaves half of it as it is."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain_text(text: str) -> str:
    """The text on one line, with a space in place of whatever cannot be printed."""
    return "".join(char if char.isprintable() else " " for char in text)


def markdown_text(text: str) -> str:
    """The text fit for a cell of a Markdown table: nothing in it is markup, a link or HTML."""
    return _MARKUP.sub(r"\\\1", plain_text(text))


def code_text(text: str) -> str:
    """The text as code in a line of Markdown."""
    return f"`{plain_text(text).replace('`', _APOSTROPHE)}`"


def spreadsheet_text(text: str) -> str:
    """The text printable and, where a spreadsheet program would take it for a formula, behind an apostrophe."""
    shown = printable(text)
    return f"{_APOSTROPHE}{shown}" if _FORMULA.match(shown) else shown
