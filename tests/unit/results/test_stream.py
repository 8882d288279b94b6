"""A stream is read whole or refused with the line that is wrong."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from harness.errors import OutputError, ResultsError
from harness.results.stream import Entry, Format, Header, Writer, partial_path, read, read_prefix, to_bytes

if TYPE_CHECKING:
    from pathlib import Path

KIND = Format("test-stream", 3)
HEADER = Header("test-stream", 3, {"harness": "1"}, "2026-01-02T03:04:05+00:00", {"asked": ["a"]})
ENTRIES = (Entry("a", "pass", {"n": 1}), Entry("ü\u2028", "fail", {"text": "line\nbreak", "none": None}))


def write(path: Path, *, finish: bool = True) -> Path:
    with Writer(path, HEADER) as writer:
        for entry in ENTRIES:
            writer.add(entry)
        if finish:
            writer.finish(2)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "new" / "stream.jsonl")


def change(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def refusal(path: Path) -> str:
    with pytest.raises(ResultsError) as refused:
        read(path, KIND)
    return str(refused.value)


def test_what_is_written_is_read(path: Path) -> None:
    stream = read(path, KIND)
    assert (stream.header, stream.entries) == (HEADER, ENTRIES)
    assert stream.footer is not None
    assert (stream.footer.records, stream.footer.outcomes, stream.footer.seconds) == (2, {"fail": 1, "pass": 1}, 2.0)
    assert to_bytes(stream) == path.read_bytes()
    assert not partial_path(path).exists()


def test_every_record_is_there_as_soon_as_it_is_added(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with Writer(path, HEADER) as writer:
        for count, entry in enumerate(ENTRIES, 1):
            writer.add(entry)
            assert read_prefix(partial_path(path), KIND).entries == ENTRIES[:count]


def test_a_run_that_does_not_end_leaves_what_an_earlier_one_wrote(path: Path) -> None:
    before = path.read_bytes()
    write(path, finish=False)
    assert path.read_bytes() == before
    prefix = read_prefix(partial_path(path), KIND)
    assert (prefix.entries, prefix.footer) == (ENTRIES, None)
    assert "stream.jsonl.partial:4: found the end of the file after 2 records, without a footer" in refusal(
        partial_path(path)
    )


def test_every_cut_is_refused_and_its_whole_lines_are_a_prefix(path: Path) -> None:
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        refusal(path)
        whole = content[:size].count(b"\n")
        if whole:
            assert read_prefix(path, KIND).entries == ENTRIES[: whole - 1]
        else:
            with pytest.raises(ResultsError, match="no header"):
                read_prefix(path, KIND)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"test-stream"', b'"other"', ":1, field format: found 'other'; expected test-stream."),
        (b'"format_version":3', b'"format_version":4', ":1, field format_version: found '4'; expected 3. Read it with"),
        (b'"format":"test-stream",', b"", ":1: found no header; expected the results"),
        (b'"started"', b'"begun"', ":1: found a field 'begun'; expected the fields format,"),
        (b'{"harness":"1"}', b'"1"', ":1, field versions: found \"'1'\"; expected a value of type dict."),
        ("ü".encode(), b"\xfc", ":3: found byte 0xfc; expected UTF-8 text."),
        (b'{"n":1}', b'{"n":NaN}', ":2: found no JSON (NaN is no JSON)"),
        (b'{"n":1}', b'{"n":1', ":2: found no JSON ("),
        (b'{"content":{"n":1},"key":"a","outcome":"pass"}', b"[1]", ":2: found list '[1]'; expected a JSON object."),
        (b'"key":"a"', b'"key":1', ":2, field key: found '1'; expected a value of type str."),
        (b'"key":"a",', b"", ":2: found no field key; expected the fields key, outcome, content."),
        (b'"records":2', b'"records":3', ":4, footer: found 3 records (1 fail, 1 pass); expected as many as there are"),
        (b'"fail":1', b'"fail":2', ":4, footer: found 2 records (2 fail, 1 pass); expected as many as there are"),
        (b'"records":2', b'"records":true', ":4, field records: found 'True'; expected a value of type int."),
        ("ü\u2028".encode(), b"a", ":3, field key: found 'a' again; expected every key once."),
    ],
)
def test_damage_is_named_with_its_line(path: Path, old: bytes, new: bytes, message: str) -> None:
    change(path, old, new)
    assert message in refusal(path)
    assert refusal(path).startswith(str(path))


def test_what_follows_the_footer_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)
    assert ":5: found a line after the footer" in refusal(path)


def test_a_record_that_is_gone_is_missed(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert "footer: found 2 records (1 fail, 1 pass); expected as many as there are: 1 (1 fail)" in refusal(path)


def test_no_file_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert "No such file" in refusal(tmp_path / "gone")
    assert "Is a directory" in refusal(tmp_path)
    assert ":1: found no header" in refusal(tmp_path / "empty")


def test_a_key_is_written_once_and_odd_text_survives(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with Writer(path, HEADER) as writer:
        writer.add(Entry("a", "pass", {"text": "\udcff"}))
        with pytest.raises(ValueError, match="two records are called a"):
            writer.add(Entry("a", "pass", {}))
        writer.finish(0)
    assert read(path, KIND).entries[0].content == {"text": "\udcff"}


def test_a_place_that_takes_nothing_is_an_error_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"found (Not a directory|File exists)"):
        Writer(tmp_path / "file" / "s.jsonl", HEADER)

    class Full:
        def write(self, _content: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("harness.results.stream._opened", lambda _path: Full())
    with pytest.raises(OutputError, match="No space left"):
        Writer(tmp_path / "s.jsonl", HEADER)
