"""The streams of a command, made safe to use whatever they are: closed, full, of any encoding, a terminal or not."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import TYPE_CHECKING

from harness.text import printable

if TYPE_CHECKING:
    from typing import TextIO

COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")

_FIRST = 0xFDD0
_END = chr(_FIRST + len(COLOURS))
_BRUSHES = {name: chr(_FIRST + place) for place, name in enumerate(COLOURS)}
"""Characters that stand for nothing else, in place of what starts a colour on a terminal."""
_PAINTED = re.compile(f"([{''.join(_BRUSHES.values())}])([^\n]*?){_END}")


class SafeStream(io.TextIOWrapper):
    """A text stream on which nothing but our own colours can steer a terminal."""

    def write(self, text: str, /) -> int:
        """Write a text with everything else that would spelled out."""
        super().write(_PAINTED.sub(_coloured, printable(text)))
        return len(text)


def painted(text: str, colour: str) -> str:
    """A text that a `SafeStream` shows in a colour."""
    return f"{_BRUSHES[colour]}{text}{_END}"


def set_up() -> None:
    """Put safe streams in place of stdout and stderr, and give a descriptor to every stream that is closed.

    Without one, the next file to be opened would get its number, and with it whatever is printed.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # A stdout that can only be read refuses every result, as a closed one would.
            _bin(descriptor, flags)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - for as long as we live
    sys.stdout, sys.stderr = _safe(sys.stdout, 1), _safe(sys.stderr, 2)


def drop(stream: TextIO) -> None:
    """Let a stream that takes no more take everything to nowhere, so that what is left in its buffer does no harm."""
    with contextlib.suppress(OSError, ValueError):
        _bin(stream.fileno(), os.O_WRONLY)


def _safe(stream: TextIO | None, descriptor: int) -> SafeStream:
    encoding = stream.encoding if stream is not None else None
    file = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - for as long as we live
    by_line = descriptor > 1 or file.isatty()
    return SafeStream(file, encoding=encoding, errors="backslashreplace", line_buffering=by_line)


def _bin(descriptor: int, flags: int) -> None:
    opened = os.open(os.devnull, flags)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)
    # Processes that are started have three streams too.
    os.set_inheritable(descriptor, True)


def _coloured(found: re.Match[str]) -> str:
    import typer

    return typer.style(found[2], fg=COLOURS[ord(found[1]) - _FIRST])
