"""A verdict is known again as long as nothing it depends on has changed, and is trusted only as it was written."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Mode, Status
from harness.matrix.cache import Cache, contents, default_folder, prune
from tests.fakes.results import feasible
from tests.fakes.subjects import CELL, FakeInputs

if TYPE_CHECKING:
    from pathlib import Path

VERDICT = feasible(CELL)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path, FakeInputs)
    cache.put([VERDICT])
    return cache


def _entry(cache: Cache) -> Path:
    (path,) = cache.folder.glob("verdicts/??/*")
    return path


def test_what_is_kept_is_known_again(cache: Cache) -> None:
    assert cache.get(CELL) == VERDICT
    assert cache.get(replace(CELL, mode=Mode.DISAGG)) is None
    assert cache.problems == []


def test_anything_else_it_depends_on_makes_it_unknown(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Cache(cache.folder, lambda: FakeInputs(cell="other")).get(CELL) is None
    assert Cache(cache.folder, lambda: FakeInputs(cell=None)).get(CELL) is None
    assert Cache(cache.folder, FakeInputs, exhaustive=True).get(CELL) is None
    monkeypatch.setattr("harness.matrix.cache.judge_version", lambda: "other")
    assert cache.get(CELL) is None
    assert cache.problems == []


@pytest.mark.parametrize(
    "error",
    [
        "crashed: signal SIGSEGV",
        "timeout: no answer in 300 s",
        "out of memory: 900 MiB, more than 800 MiB",
        "MemoryError: ",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_what_says_more_of_the_machine_than_of_the_subject_is_not_kept(tmp_path: Path, error: str) -> None:
    cache = Cache(tmp_path, FakeInputs)
    cache.put([replace(VERDICT, status=Status.FAIL, source="", point=None, error=error)])
    assert list(tmp_path.iterdir()) == []


def test_what_depends_on_something_unknown_is_not_kept(tmp_path: Path) -> None:
    Cache(tmp_path, lambda: FakeInputs(cell=None)).put([VERDICT])
    assert list(tmp_path.iterdir()) == []


def test_no_byte_can_be_changed_and_no_end_be_cut_off(cache: Cache) -> None:
    path = _entry(cache)
    content = path.read_bytes()
    broken = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(len(content))]
    broken += [content[:size] for size in range(len(content))] + [content + b"\n", b"\xff" * 100]
    for damaged in broken:
        path.write_bytes(damaged)
        assert cache.get(CELL) is None
    assert len(cache.problems) == len(broken)
    assert cache.problems[0] == f"{path}: found an entry that was changed after it was written"
    cache.put([VERDICT])
    assert cache.get(CELL) == VERDICT


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("format", 2, "an entry of format 2, not 1"),
        ("key", "0" * 64, "the entry of another cell"),
        ("more", 1, "the fields digest, more, verdict, not digest, verdict"),
        ("digest", "0", "a verdict that was changed after it was written"),
    ],
)
def test_an_entry_of_another_kind_is_not_used(cache: Cache, name: str, value: object, problem: str) -> None:
    path = _entry(cache)
    document = json.loads(path.read_bytes().partition(b"\n")[2]) | {name: value}
    content = json.dumps(document).encode()
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    assert cache.get(CELL) is None
    assert cache.problems == [f"{path}: found {problem}"]


def test_notes_on_a_database_are_known_again_until_its_files_change(tmp_path: Path) -> None:
    cache = Cache(tmp_path, FakeInputs)
    cache.put([], {CELL.database: "gemm: fp8"})
    assert cache.notes(CELL.database) == "gemm: fp8"
    assert cache.notes(replace(CELL.database, version="2.0.0")) == ""
    assert Cache(tmp_path, lambda: FakeInputs(cell="other")).notes(CELL.database) == "gemm: fp8"
    assert Cache(tmp_path, lambda: FakeInputs(database="other")).notes(CELL.database) == ""
    (path,) = tmp_path.glob("databases/??/*")
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert cache.notes(CELL.database) == ""
    assert len(cache.problems) == len(content)


def test_notes_of_another_judge_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path, FakeInputs)
    cache.put([], {CELL.database: "gemm: fp8"})
    monkeypatch.setattr("harness.matrix.cache.judge_version", lambda: "other")
    assert cache.notes(CELL.database) == ""


def test_nothing_is_kept_of_a_harness_that_was_changed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path, FakeInputs)
    monkeypatch.setattr("harness.matrix.cache.judge_as_it_is", lambda: "other")
    cache.put([feasible(CELL)], {CELL.database: "gemm: fp8"})
    assert list(tmp_path.iterdir()) == []
    assert cache.problems == ["the harness, which was changed during the run: nothing was kept"]


def test_no_notes_are_kept_of_a_subject_that_was_changed_meanwhile(tmp_path: Path) -> None:
    seen = iter([FakeInputs(), FakeInputs(whole="other")])
    Cache(tmp_path, lambda: next(seen)).put([], {CELL.database: "gemm: fp8"})
    assert list(tmp_path.iterdir()) == []


def test_the_entry_of_another_cell_is_not_used(cache: Cache) -> None:
    other = replace(CELL, model="Org/Other")
    first = _entry(cache)
    cache.put([feasible(other)])
    second = next(path for path in cache.folder.glob("verdicts/??/*") if path != first)
    second.write_bytes(first.read_bytes())
    assert cache.get(other) is None
    assert cache.problems == [f"{second}: found the entry of another cell"]


def test_nothing_is_kept_of_a_subject_that_was_changed_meanwhile(tmp_path: Path) -> None:
    seen = iter([FakeInputs(), FakeInputs("edited")])
    cache = Cache(tmp_path, lambda: next(seen))
    cache.put([VERDICT])
    assert list(tmp_path.iterdir()) == []
    assert cache.problems == ["the subject, which was changed during the run: nothing was kept"]


def test_a_place_that_takes_nothing_is_one_problem_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file", FakeInputs)
    cache.put([VERDICT])
    assert len(cache.problems) == 1
    assert "verdicts" in cache.problems[0]


def test_what_was_not_used_is_removed(cache: Cache) -> None:
    old = _entry(cache)
    then = time.time() - 40 * 86_400
    os.utime(old, (then, then))
    cache.put([feasible(replace(CELL, model="Org/Other"))])
    assert contents(cache.folder).verdicts == 2
    assert 39 < contents(cache.folder).oldest_days < 41
    assert prune(cache.folder, 30).verdicts == 1
    assert not old.exists()
    assert prune(cache.folder, 0).verdicts == 1
    assert contents(cache.folder).verdicts == contents(cache.folder / "gone").verdicts == 0


def test_a_clock_that_was_put_back_makes_nothing_older(cache: Cache) -> None:
    ahead = time.time() + 40 * 86_400
    os.utime(_entry(cache), (ahead, ahead))
    assert contents(cache.folder).oldest_days == 0
    assert prune(cache.folder, 30).verdicts == 0
    assert prune(cache.folder, 0).verdicts == 1


def test_use_keeps_an_entry(cache: Cache) -> None:
    then = time.time() - 40 * 86_400
    os.utime(_entry(cache), (then, then))
    assert cache.get(CELL)
    assert prune(cache.folder, 30).verdicts == 0


def test_the_folder_is_the_users_and_there_may_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "aic-harness"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home" / ".cache" / "aic-harness"

    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.setattr("harness.matrix.cache.Path.home", no_home)
    assert default_folder() is None
