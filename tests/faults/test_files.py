"""What is read may be anything and what is written may go anywhere: refused in one line, and nothing else touched."""

from __future__ import annotations

import json
import os
import resource
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.data_files import Record, load_toml
from harness.errors import HarnessError, SurroundingsError
from harness.matrix.evidence import read_evidence
from harness.matrix.store import read_matrix
from harness.reference.hf_config import HFConfig
from harness.results.stream import Format, Header, Writer, format_of, partial_path, read
from tests.fakes.surroundings import COMMANDS, CONFIG, aic, given

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import ModelSubject

KIND = Format("test-stream", 1)
HEADER = Header("test-stream", 1, {}, "", {})
READERS: dict[str, Callable[[Path], object]] = {
    "matrix": read_matrix,
    "evidence": read_evidence,
    "results": lambda path: read(path, KIND),
    "config": HFConfig.load,
    "known issues": lambda path: load_toml(path, Needed),
}


class Needed(Record):
    name: str


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


FILES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 64),
    "folder": lambda path: path.mkdir(),
    "pipe that nobody writes to": _pipe,
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "loop of links": lambda path: path.symlink_to(path),
    "broken link": lambda path: path.symlink_to("gone"),
    "a terabyte": _huge,
    "unreadable": lambda path: path.symlink_to("/proc/self/mem"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", FILES)
def test_whatever_lies_there_is_refused_at_once(tmp_path: Path, reader: str, file: str) -> None:
    path = tmp_path / "given.csv"
    FILES[file](path)
    with pytest.raises(HarnessError) as refused:
        READERS[reader](path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert format_of(path) == ""


@pytest.mark.parametrize("name", ["x" * 300, "y/" * 2100, "\udce9"])
@pytest.mark.parametrize("reader", READERS)
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, reader: str, name: str) -> None:
    with pytest.raises(HarnessError):
        READERS[reader](tmp_path / name)


def test_a_pipe_that_somebody_writes_to_is_read(tmp_path: Path) -> None:
    given(tmp_path)
    done = aic(COMMANDS["matrix diff"], tmp_path, '"${@:1:5}" <(cat m.csv) m.csv')
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stream_follows_no_link(tmp_path: Path) -> None:
    path, outside = tmp_path / "s.jsonl", tmp_path / "outside"
    outside.write_text("not yours")
    partial_path(path).symlink_to(outside)
    path.symlink_to(outside)
    with Writer(path, HEADER) as writer:
        writer.finish(0.0)
    assert (outside.read_text(), path.is_symlink()) == ("not yours", False)
    assert read(path, KIND).header == HEADER


def test_results_are_as_private_as_the_umask_says(tmp_path: Path) -> None:
    given(tmp_path)
    done = aic(COMMANDS["check"], tmp_path, 'umask 077; exec "$@"')
    assert done.returncode == 0
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("f.jsonl", "j.xml")} == {0o600}


@pytest.mark.parametrize("command", ["check", "merge", "releases"])
@pytest.mark.parametrize("place", ["/proc/x", "/dev/full", "link/x"])
def test_a_place_that_takes_no_file_is_refused_before_the_work(tmp_path: Path, command: str, place: str) -> None:
    given(tmp_path)
    (tmp_path / "link").symlink_to("gone")
    words = COMMANDS[command]
    option = {"check": "--junit", "merge": "--out", "releases": "--history"}[command]
    at = words.index(option)
    done = aic((*words[:at], option, place), tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert done.stderr.startswith(f"error: {place}: found ".encode())


@pytest.mark.parametrize("command", ["explain", "scaffold"])
def test_without_room_for_temporary_files_there_is_no_answer(tmp_path: Path, command: str) -> None:
    # No file can grow, as on a full disk.
    done = aic(COMMANDS[command], tmp_path, 'ulimit -f 0; exec "$@"')
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.splitlines()[-1].startswith(
        b"error: the folder for temporary files: found none that takes a file"
    )
    assert list(tmp_path.iterdir()) == []


def test_half_a_config_is_never_read(installed: ModelSubject) -> None:
    config = json.loads(CONFIG.read_bytes())
    installed.reference(config)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(SurroundingsError, match="none that takes a file"):
            installed.reference({**config, "num_hidden_layers": 1})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    whole = Path(installed.reference({**config, "num_hidden_layers": 1}), "config.json")
    assert json.loads(whole.read_bytes())["num_hidden_layers"] == 1


def test_a_folder_for_temporary_files_that_is_gone_is_done_without(tmp_path: Path) -> None:
    done = aic(COMMANDS["matrix run"], tmp_path, TMPDIR=str(tmp_path / "gone"))
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize(("command", "code"), [("plan", 0), ("matrix run", 2)])
def test_a_working_folder_that_is_gone_is_said(tmp_path: Path, command: str, code: int) -> None:
    words = [word.replace("out.csv", str(tmp_path / "out.csv")) for word in COMMANDS[command]]
    done = aic(tuple(words), tmp_path, 'mkdir gone; cd gone; rmdir ../gone; exec "$@"')
    assert done.returncode == code
    assert (b"error: the working folder: found that it has been removed" in done.stderr) == bool(code)


BACKWARDS = """
import itertools, time
_clock = itertools.count(2_000_000_000, -3600)
time.time = lambda: float(next(_clock))
"""


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BACKWARDS)
    words = (*COMMANDS["matrix run"][:-1], str(tmp_path / "out.csv"))
    done = aic(words, tmp_path, f'PYTHONPATH="{tmp_path}:$PYTHONPATH" exec "$@"')
    assert done.returncode == 0, done.stderr
    assert (read_evidence(tmp_path / "out.evidence.parquet").frame["seconds"] >= 0).all()


HOSTILE = "=cmd()\\u001b[2J<script>alert(1)</script>`|](javascript:x)\\u202e"


def test_a_config_cannot_put_anything_into_what_is_written(tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8").replace('"Qwen3ForCausalLM"', f'"{HOSTILE}"')
    text = text.replace("{", f'{{"=field<b>`\\u001b": [1], "model_type_{HOSTILE}": "{HOSTILE}",', 1)
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    for words in (
        ("assess", "config.json", "--model-id", "Org/Evil", "--checklist"),
        ("scaffold", "config.json", "--model-id", "Org/Evil", "--out", "made"),
        ("check", "config.json", "--phase", "2", "-v"),
    ):
        done = aic(words, tmp_path)
        assert done.returncode in {0, 1, 2}, done.stderr
        assert b"Traceback (most recent call last)" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
    suffixes = {".md", ".py", ".toml"}
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in suffixes]
    assert "REGISTRATION.md" in {path.name for path in written}
    for path in written:
        content = path.read_text(encoding="utf-8")
        assert "\x1b" not in content
        if path.suffix == ".md":
            assert "<script>" not in _without_code(content), path.name
    assert not [path for path in tmp_path.rglob("*") if "\x1b" in path.name]


def _without_code(markdown: str) -> str:
    """A Markdown text without its blocks and pieces of code."""
    blocks = markdown.split("```")[::2]
    return "".join("".join(block.split("`")[::2]) for block in blocks)


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/abs/evil", "evil/..", "..--evil"])
def test_an_id_leads_nowhere(tmp_path: Path, name: str) -> None:
    for words in (
        ("plan", name),
        ("scaffold", str(CONFIG), "--model-id", name, "--out", "made"),
    ):
        done = aic(words, tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert list(tmp_path.iterdir()) == []
