from __future__ import annotations

import io
import json
import sys

import pytest

from harness.cli.output import note, painted, say, say_json
from harness.cli.streams import COLOURS, SafeStream

STEERING = "\x1b]0;title\x07 \x9b31m \x08\x7f \u202egnirts\u202c \u200b \ud83d"


class Terminal(SafeStream):
    def __init__(self, encoding: str = "utf-8", *, on_terminal: bool = True) -> None:
        self._kept, self._on_terminal = io.BytesIO(), on_terminal
        super().__init__(self._kept, encoding=encoding, errors="backslashreplace")

    def isatty(self) -> bool:
        return self._on_terminal

    @property
    def shown(self) -> str:
        self.flush()
        return self._kept.getvalue().decode(self.encoding)


@pytest.mark.parametrize(
    ("on_terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_of_those_who_want_it(
    on_terminal: bool, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"NO_COLOR": "", "FORCE_COLOR": "", "TERM": "xterm"} | environment).items():
        monkeypatch.setenv(name, value)
    stream = Terminal(on_terminal=on_terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    say(f"a {painted('[x]', 'green')} b")
    assert stream.shown == ("a \x1b[32m[x]\x1b[0m b\n" if coloured else "a [x] b\n")


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_is_ended(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream := Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say(painted("[x]", colour))
    assert stream.shown.endswith("m[x]\x1b[0m\n")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_nothing_in_a_text_steers_a_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out := Terminal(encoding))
    monkeypatch.setattr(sys, "stderr", err := Terminal(encoding))
    say(f"{STEERING}\n\tand more")
    note(STEERING)
    said = r"\x1b]0;title\x07 \x9b31m \x08\x7f \u202egnirts\u202c \u200b \ud83d"
    assert (out.shown, err.shown) == (f"{said}\n\tand more\n", f"{said}\n")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_json_of_any_text_is_json_that_steers_no_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream := Terminal(encoding))
    document = {"é中": [STEERING, "a\tb\nc\\"]}
    say_json(document)
    assert json.loads(stream.shown) == document
    assert all(char == "\n" or char.isprintable() for char in stream.shown)


def test_work_goes_on_where_remarks_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - unbuffered
        monkeypatch.setattr(sys, "stderr", SafeStream(full, encoding="utf-8"))
        note("lost")
        note("also lost")
        sys.stderr.flush()
