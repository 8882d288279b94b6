"""How commands speak: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import io
import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

import harness

if TYPE_CHECKING:
    from harness.subjects.api import SubjectInfo


def say(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def note(text: str, *, quiet: bool = False) -> None:
    """Write a remark to stderr."""
    if not quiet:
        sys.stderr.write(text + "\n")


def say_json(document: Any) -> None:  # noqa: ANN401 - any JSON document
    """Write one JSON document to stdout."""
    # What an older encoding lacks can be escaped in JSON, while the stream's own escapes would break it.
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    json.dump(document, sys.stdout, indent=2, ensure_ascii=not is_unicode)
    sys.stdout.write("\n")


def painted(text: str, colour: str) -> str:
    """Text in a colour on a terminal, unless NO_COLOR asks for none."""
    import typer

    return typer.style(text, fg=colour) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def write_any_text() -> None:
    """Let stdout write text that its encoding lacks, with escapes in place of what it cannot."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


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
