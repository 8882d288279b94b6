"""How commands speak: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

import harness
from harness.cli import streams
from harness.text import json_text

if TYPE_CHECKING:
    from harness.subjects.api import SubjectInfo


def say(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def note(text: str, *, quiet: bool = False) -> None:
    """Write a remark to stderr; where that takes no more, the work goes on without remarks."""
    if quiet:
        return
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        streams.drop(sys.stderr)


def say_json(document: Any) -> None:  # noqa: ANN401 - any JSON document
    """Write one JSON document to stdout."""
    # What an older encoding lacks can be escaped in JSON, while the stream's own escapes would break it.
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    sys.stdout.write(json_text(json.dumps(document, indent=2, ensure_ascii=not is_unicode)) + "\n")


def painted(text: str, colour: str) -> str:
    """Text in a colour where colours are wanted: on a terminal, unless NO_COLOR or FORCE_COLOR says otherwise."""
    return streams.painted(text, colour) if _wants_colours() else text


def _wants_colours() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def versions(subject: SubjectInfo | None) -> dict[str, str | None]:
    """Versions of everything a result depends on."""
    return {
        "harness": harness.__version__,
        "subject": None if subject is None else f"{subject.name} {subject.version}",
        "data": None if subject is None else f"{subject.name}-core {subject.data_version}",
        "python": platform.python_version(),
    }


def header(subject: SubjectInfo) -> str:
    """The line that every run starts with."""
    named = versions(subject)
    line = f"aic-harness {named['harness']} · {named['subject']} · data {named['data']} · Python {named['python']}"
    return f"{line}\nnote: {subject.note}" if subject.note else line
