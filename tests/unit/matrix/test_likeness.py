from __future__ import annotations

from typing import TYPE_CHECKING

from harness.matrix import likeness as module
from harness.running.cluster_task import Likeness, Unlike, _difference
from harness.subjects.installed import load_subject
from tests.fakes import faulty

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_this_machine_is_like_itself_and_shows_what_its_answers_depend_on() -> None:
    mine = module.likeness(load_subject(), None)
    assert _difference(mine) is None
    assert next(iter(mine.expected)) == "aiconfigurator-harness"
    assert {"python", "aiconfigurator", "numpy"} <= mine.expected.keys()
    assert list(mine.expected)[-3:] == ["harness code", "code and rules that judge", "subject code and data"]


def test_code_of_the_harness_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    found = set()
    for name, content in (("a.py", "1"), ("a.py", "2"), ("b.py", ""), ("data.txt", "no code")):
        tmp_path.joinpath(name).write_text(content)
        found.add(module._code())  # noqa: SLF001
    assert len(found) == 3


def test_what_differs_is_named_before_the_digest_that_follows_from_it() -> None:
    def compared(**expected: str) -> Unlike | None:
        return _difference(Likeness(faulty.of_a_kind, expected))

    assert compared(kind="ours") is None
    assert compared(kind="theirs") == Unlike("kind ours", "kind theirs, as on this machine")
    assert compared(digest="1") == Unlike("kind ours", "no kind, as on this machine")
    assert compared(extra="1", kind="ours") == Unlike("no extra", "extra 1, as on this machine")


def test_every_run_looks_anew_and_does_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Likeness(faulty.of_a_kind, {"kind": "ours"}) for _ in range(2))
    assert _difference(first) is None
    monkeypatch.setenv("FAULTY_KIND", "changed")
    assert _difference(first) is None
    assert _difference(second) is not None


def test_a_machine_that_cannot_say_what_it_is_is_unlike_any() -> None:
    unlike = _difference(Likeness(faulty.never_ready, {"kind": "ours"}))
    assert unlike == Unlike("that it cannot be asked (exit code 3)", "an answer")
