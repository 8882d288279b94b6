from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.subjects.patching import replaced


def test_value_comes_back_even_after_an_error() -> None:
    owner = SimpleNamespace(name="old")
    seen = []

    def fail() -> None:
        with replaced(owner, "name", "new"):
            seen.append(owner.name)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen == ["new"]
    assert owner.name == "old"
