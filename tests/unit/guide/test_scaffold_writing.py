"""All files or none, and none overwritten unasked."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from harness.errors import OutputError
from harness.guide.scaffold.files import File, write

FILES = (File("configs/a.json", b"{}\n", ""), File("B.md", b"# B\n", ""))


def found(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_and_folders_are_made(tmp_path: Path) -> None:
    write(FILES, tmp_path / "new" / "out")
    assert found(tmp_path) == {"new/out/configs/a.json": b"{}\n", "new/out/B.md": b"# B\n"}


def test_files_that_are_there_are_all_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "B.md").write_bytes(b"mine")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.json").symlink_to("nowhere")
    with pytest.raises(OutputError, match=r"configs/a\.json, B\.md there already.*--force"):
        write((*FILES, File("new.md", b"", "")), tmp_path)
    assert found(tmp_path) == {"B.md": b"mine"}
    assert (tmp_path / "configs" / "a.json").is_symlink()


def test_force_overwrites_and_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "B.md").write_bytes(b"mine")
    (tmp_path / "other").write_bytes(b"mine too")
    write(FILES, tmp_path, force=True)
    assert found(tmp_path) == {"configs/a.json": b"{}\n", "B.md": b"# B\n", "other": b"mine too"}


@pytest.mark.parametrize("out", ["file", "file/below", "file/far/below"])
@pytest.mark.parametrize("force", [False, True])
def test_a_file_in_place_of_the_folder_is_refused(out: str, force: bool, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(OutputError):
        write(FILES, tmp_path / out, force=force)
    assert found(tmp_path) == {"file": b"mine"}


def test_a_folder_in_place_of_a_file_is_refused_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "B.md").mkdir()
    with pytest.raises(OutputError, match="a folder"):
        write(FILES, tmp_path, force=True)
    assert found(tmp_path) == {}
    assert {path.name for path in tmp_path.iterdir()} == {"B.md"}


def test_a_name_that_no_file_system_takes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write(FILES, tmp_path / ("x" * 300))
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_made_is_refused() -> None:
    with pytest.raises(OutputError):
        write(FILES, Path("/proc/nothing/here"))


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "B.md").write_bytes(b"mine")
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write(FILES, tmp_path, force=True)
    assert found(tmp_path) == {"B.md": b"mine"}
    assert {path.name for path in tmp_path.iterdir()} == {"B.md"}


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_descriptor: int) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(FILES, tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []
