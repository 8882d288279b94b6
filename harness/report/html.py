"""The page: document, style and script in one file that loads nothing and that nothing in the data can leave.

The browser runs the one script and applies the one style whose hashes the content security policy names.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from harness.report.build import to_json

if TYPE_CHECKING:
    from harness.report.payload import Payload

SCRIPTS = (
    "dom.js",
    "format.js",
    "words.js",
    "data.js",
    "state.js",
    "controls.js",
    "filters.js",
    "list.js",
    "cell_list.js",
    "overview.js",
    "grid.js",
    "grid_keys.js",
    "matrix.js",
    "cell.js",
    "strip.js",
    "charts.js",
    "model.js",
    "models.js",
    "findings_groups.js",
    "findings.js",
    "changes.js",
    "coverage.js",
    "run.js",
    "main.js",
)
"""Modules of the script, in the order in which they are put together."""

_ESCAPES = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
"""Signs that mean something to HTML or to scripts, as JSON may spell them instead."""


def render(payload: Payload) -> str:
    """The page."""
    import jinja2  # noqa: PLC0415 - heavy

    style, script = page_file("style.css"), script_text()
    policy = (
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(page_file("template.html.j2")).render(
        title=f"{payload.subject or 'Support matrix'} · aic-harness report",
        csp="; ".join(policy),
        style=_own(style),
        script=_own(script),
        payload=_own(to_json(payload).translate(_ESCAPES)),
    )


def page_file(name: str) -> str:
    """A file that the page is made of."""
    return (files("harness.report") / "page" / name).read_text(encoding="utf-8")


def script_text() -> str:
    """The modules as one script, whose names nobody else sees."""
    body = "\n".join(page_file(name).rstrip("\n") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def _own(text: str) -> object:
    """Text that is not escaped: our own, or data in which nothing is left that means anything to HTML."""
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2

    return Markup(text)  # noqa: S704 - style and script are our own, and the data was escaped above


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
