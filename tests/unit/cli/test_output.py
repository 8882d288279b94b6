from __future__ import annotations

import sys

import pytest

from harness.cli.output import painted


@pytest.mark.parametrize(
    ("on_terminal", "no_colour", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colour_is_for_terminals_of_those_who_want_it(
    on_terminal: bool, no_colour: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    monkeypatch.setenv("NO_COLOR", no_colour)
    assert ("\x1b" in painted("[x]", "green")) == coloured
