"""Keeps what a subject prints and logs off our output, and keeps it for the cell's log."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 64 * 1024


class Capture:
    """What a subject said during one call, cut off after 64 KiB."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    def write(self, text: str) -> int:
        """Keep a piece of text (the interface of a text stream)."""
        room = _LIMIT - self._stream.tell()
        if room > 0:
            self._stream.write(text[:room])
        return len(text)

    def flush(self) -> None:
        """Nothing is buffered."""

    @property
    def text(self) -> str:
        """Everything kept so far."""
        return self._stream.getvalue()


@contextlib.contextmanager
def captured() -> Iterator[Capture]:
    """Redirect prints, warnings and log records of warning level and above into a `Capture`."""
    capture = Capture()
    root = logging.getLogger()
    handler = logging.StreamHandler(capture)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handlers, level = root.handlers, root.level
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(capture),
            contextlib.redirect_stderr(capture),
        ):
            # The subject announces its own deprecation on every search call.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield capture
    finally:
        root.handlers = handlers
        root.setLevel(level)
