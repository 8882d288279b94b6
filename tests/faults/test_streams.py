"""Whatever becomes of its streams, a command ends with the right code, one clear line, and its files written."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.cli import app
from tests.fakes.surroundings import COMMANDS, CONFIG, ROOT, aic, given

if TYPE_CHECKING:
    from pathlib import Path

EVIL = "\x1b]0;title\x07\x1b[31m"
FILES = {
    "check": {"f.jsonl", "j.xml"},
    "describe": {"d.jsonl"},
    "matrix run": {"out.csv", "out.evidence.parquet"},
    "merge": {"g.jsonl"},
    "releases": {"h.md"},
    "report": {"page"},
    "scaffold": {"scaffold"},
}
LIGHT = [name for name in COMMANDS if name not in FILES and name not in {"assess", "explain", "configs", "jobs"}]


def test_every_command_is_here() -> None:
    top = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert top | {"matrix", "cache"} == {name.split()[0] for name in COMMANDS} - {"help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_stdout_costs_what_would_be_printed_alone(tmp_path: Path, name: str) -> None:
    given(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    done = aic(COMMANDS[name], tmp_path, 'exec "$@" >&-')
    assert done.returncode == 2
    assert done.stderr.endswith(b"error: output: Bad file descriptor\n")
    assert b"Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} - before == FILES.get(name, set())


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ('"$@" | true; exit "${PIPESTATUS[0]}"', 1, b""),
        ('exec "$@" >/dev/full', 2, b"error: output: No space left on device\n"),
    ],
    ids=["pipe", "full"],
)
def test_a_stdout_that_takes_no_more_ends_a_command(
    tmp_path: Path, name: str, shell: str, code: int, said: bytes
) -> None:
    given(tmp_path)
    done = aic(COMMANDS[name], tmp_path, shell)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", said)


@pytest.mark.parametrize(
    ("name", "shell"),
    [
        ("matrix run", 'exec "$@" <&- 2>&-'),
        ("explain", 'exec "$@" 2>/dev/full'),
        ("explain", 'exec "$@" 2> >(exec true)'),
    ],
)
def test_without_stdin_and_stderr_only_the_remarks_are_missing(tmp_path: Path, name: str, shell: str) -> None:
    done = aic(COMMANDS[name], tmp_path, shell)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_any_encoding_will_do(tmp_path: Path, encoding: str) -> None:
    named = tmp_path / "é 中"
    named.mkdir()
    (named / "config.json").write_bytes(CONFIG.read_bytes())
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": encoding}
    done = aic(("plan", str(named), "--json"), tmp_path, **old)
    assert (done.returncode, done.stderr) == (0, b"")
    # In a locale without it, Python keeps the bytes of a name apart.
    assert os.fsencode(json.loads(done.stdout.decode(encoding))[0]["model"]) == os.fsencode(named)
    done = aic(("explain", str(named)), tmp_path, **old)
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("matrix", "diff", EVIL, "m.csv"),
        ("matrix", "verify", EVIL, "--structure-only"),
        ("merge", EVIL, "--out", "x"),
        ("compare", EVIL, "1.0.0"),
        ("plan", f"./{EVIL}"),
        ("cache", "info", "--cache-dir", EVIL),
        (EVIL,),
    ],
    ids=" ".join,
)
def test_a_name_cannot_steer_the_terminal(tmp_path: Path, words: tuple[str, ...]) -> None:
    given(tmp_path)
    done = aic(words, tmp_path)
    assert b"\x1b" not in done.stdout + done.stderr
    assert rb"\x1b]0;title\x07\x1b[31m" in (done.stdout + done.stderr).replace(b"\\\\", b"\\")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_and_nothing_else(tmp_path: Path, environment: dict[str, str], coloured: bool) -> None:
    named = tmp_path / "\x1b]0;title\x07"
    named.mkdir()
    (named / "config.json").write_bytes(CONFIG.read_bytes())
    shown = on_terminal("explain", str(named), **environment)
    assert (b"\x1b[0m" in shown) == coloured
    assert b"\x1b]" not in shown
    assert b"\\x1b]0;title\\x07" in shown


def on_terminal(*words: str, **environment: str) -> bytes:
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=clean | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | environment,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:  # the other side is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    return shown
