from __future__ import annotations

import json

import pytest

from harness.text import code_text, json_text, markdown_text, printable, spreadsheet_text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=cmd()", "'=cmd()"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\t=cmd()", "'\t=cmd()"),
        ("KeyError: =cmd()", "KeyError: =cmd()"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("", ""),
    ],
)
def test_a_spreadsheet_finds_no_formula(text: str, written: str) -> None:
    assert spreadsheet_text(text) == written
    assert spreadsheet_text(written) == written


def test_what_cannot_steer_is_left_as_it_is() -> None:
    text = "Ünï 漢\n\t·…→ \N{NO-BREAK SPACE}"
    assert printable(text) == text


def test_markup_is_shown_and_code_stays_code() -> None:
    assert markdown_text("a|b`<i>\n") == r"a\|b\`\<i\> "
    assert code_text("a`<i>\n") == "`a'<i> `"


def test_escapes_of_json_mean_what_stood_there() -> None:
    text = "".join(map(chr, range(0x20, 0x2100)))
    assert json.loads(json_text(json.dumps(text, ensure_ascii=False))) == text
