"""Keeps two runs from writing to one place."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.matrix.table import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = ".run.lock"
_WAIT_S = 0.3
"""A lock that is being given back looks as if it were held."""


@contextlib.contextmanager
def held(*outputs: Path | None) -> Iterator[None]:
    """Hold the places that results go to, and what is written beside them under the same name.

    The system gives a lock back once the process that holds it has ended, however it did; the file that is left then
    holds nobody up.

    Args:
        outputs: Files and folders; None for one that is not written.

    Raises:
        OutputError: Another run holds one of them, or nothing can be written beside it.
    """
    with contextlib.ExitStack() as stack:
        for lock, output in sorted({_lock_path(output): output for output in outputs if output}.items()):
            stack.enter_context(_one_held(lock, output))
        yield


def _lock_path(output: Path) -> Path:
    place = output.resolve() if output.is_dir() else output
    return place.parent.resolve() / f"{place.stem}{_SUFFIX}"


@contextlib.contextmanager
def _one_held(path: Path, output: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - commands that write nothing do without

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_WAIT_S)
    except Timeout as error:
        todo = "Wait for that run or end it, or choose another place."
        raise OutputError(str(output), f"that {_said(path)} writes to it", "no other run", todo) from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        try:
            path.write_text(json.dumps(_holder()), encoding="utf-8")
        except OSError as error:
            raise _unusable(path, error) from error
        yield
    finally:
        with contextlib.suppress(OSError):
            # Whoever waits for this very file finds that it is gone, and begins again with another.
            path.unlink()
        lock.release()


def _unusable(path: Path, error: OSError) -> OutputError:
    return OutputError(str(path), error.strerror or str(error), "a place that can be written")


def _holder() -> dict[str, object]:
    return {
        "process": os.getpid(),
        "host": platform.node(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["aic-harness", *sys.argv[1:]]),
    }


def _said(path: Path) -> str:
    """Who holds a lock, by what it has written there."""
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        host, since, command = (shown(str(holder[name])) for name in ("host", "since", "command"))
        return f"process {int(holder['process'])} on {host} since {since} ({command})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
