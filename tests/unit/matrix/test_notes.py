from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.matrix.cache import Cache
from harness.matrix.notes import Notes, lent
from tests.fakes.subjects import CELL, FakeInputs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DATABASE = CELL.database
OTHER = replace(DATABASE, version="../2.0 é")


def test_what_is_lent_comes_from_the_cache_and_only_what_is_new_is_taken(tmp_path: Path) -> None:
    cache = Cache(tmp_path, FakeInputs)
    cache.put([], {DATABASE: "known"})
    with lent(cache, [DATABASE, OTHER]) as loan:
        assert loan is not None
        notes = loan.notes
        assert (notes.of(DATABASE), notes.of(OTHER)) == ("known", "")
        assert loan.new([DATABASE, OTHER]) == {}
        notes.keep(OTHER, "new")
        assert loan.new([DATABASE, OTHER]) == {OTHER: "new"}
        notes.keep(DATABASE, "known and more")
        assert loan.new([DATABASE, OTHER]) == {DATABASE: "known and more", OTHER: "new"}
        assert len(list(notes.folder.iterdir())) == 2
    assert not notes.folder.exists()


def test_what_is_no_text_is_nothing(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.keep(DATABASE, "known")
    next(tmp_path.iterdir()).write_bytes(b"\xff")
    assert notes.of(DATABASE) == ""


def test_nothing_is_lent_without_a_cache_or_to_the_full_search(tmp_path: Path) -> None:
    with lent(None, [DATABASE]) as notes:
        assert notes is None
    with lent(Cache(tmp_path, FakeInputs, exhaustive=True), [DATABASE]) as notes:
        assert notes is None


def test_a_full_disk_and_a_folder_that_is_not_there_cost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(tmp_path / "elsewhere")
    notes.keep(DATABASE, "new")
    assert notes.of(DATABASE) == ""

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    with lent(Cache(tmp_path, FakeInputs), [DATABASE]) as none:
        assert none is None
