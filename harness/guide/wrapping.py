"""Text of the guide, folded to a width that fits any terminal."""

from __future__ import annotations

import textwrap

WIDTH = 100
"""Columns."""


def wrapped(sentence: str, indent: str, first: str | None = None) -> list[str]:
    """A sentence in lines, without breaking words, paths or commands.

    Args:
        sentence: The sentence.
        indent: What every line begins with.
        first: What the first line begins with instead.
    """
    return textwrap.wrap(
        sentence,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
