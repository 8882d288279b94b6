"""What a spawned process does: make the work ready, then answer one unit after the other."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import signal
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from harness.running.records import Work

OUT_OF_MEMORY_CODE = 71
"""Exit code of a process in which Python got no more memory."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which somebody asks for the end of a run."""

_SET_DEATH_SIGNAL = 1


def serve(work: Work, units: Connection, output: Connection, parent: int, folder: str) -> None:
    """Answer units until there are none left or the parent is gone.

    Args:
        work: What to do with each.
        units: Units come in, results go out; the first thing sent says that the work is ready.
        output: Takes what is printed.
        parent: The parent's process id.
        folder: Where temporary files go; the parent removes it.
    """
    _take_precautions(output, parent, folder)
    # A closed pipe means that the parent has heard enough.
    with (
        contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError),
        _memory_errors_told(),
        work() as function,
    ):
        units.send(None)
        while True:
            units.send(function(units.recv()))


def _take_precautions(output: Connection, parent: int, folder: str) -> None:
    # Ctrl-C reaches every process of the terminal, and an end that is asked for every process of the job; the parent
    # decides what to keep.
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    # What compiled code prints must not mix into our own output, and is the only account of a crash.
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No timer and no thread of ours could end a process that compiled code holds.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.environ["TMPDIR"] = tempfile.tempdir = folder


@contextlib.contextmanager
def _memory_errors_told() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(OUT_OF_MEMORY_CODE)
