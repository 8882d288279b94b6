"""Work whose units go wrong as their names say, for tests of what runs them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class OutsideError(BaseException):
    """No `Exception`."""


def do(unit: str) -> str:
    """Go wrong as the unit's first word says; its second word, if any, is its argument."""
    fault, _, argument = unit.partition(" ")
    _FAULTS.get(fault, _nothing)(argument)
    return unit.upper()


@contextlib.contextmanager
def ready() -> Iterator[Callable[[str], str]]:
    """Ready at once."""
    yield do


@contextlib.contextmanager
def never_ready() -> Iterator[Callable[[str], str]]:
    """The process ends first."""
    os._exit(3)
    yield do


@contextlib.contextmanager
def counting(folder: str) -> Iterator[Callable[[str], str]]:
    """Leave a file for each process, and write down in it each unit that is begun."""
    with Path(folder, str(os.getpid())).open("w", buffering=1, encoding="utf-8") as log:

        def noted(unit: str) -> str:
            log.write(unit + "\n")
            return do(unit)

        yield noted


@contextlib.contextmanager
def of_a_kind() -> Iterator[Callable[[None], dict[str, str]]]:
    """Say of which kind this machine is."""
    yield lambda _: {"kind": os.environ.get("FAULTY_KIND", "ours")}


def _nothing(_: str) -> None:
    pass


def _crash_once(marker: str) -> None:
    if not Path(marker).exists():
        Path(marker).touch()
        os._exit(9)


def _segfault(_: str) -> None:
    ctypes.string_at(0)


def _kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_parent(_: str) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(3600)


def _exit(code: str) -> None:
    os._exit(int(code))


def _nap(seconds: str) -> None:
    time.sleep(float(seconds))


def _hang(_: str) -> None:
    time.sleep(3600)


def _hang_in_compiled_code(_: str) -> None:
    # The interpreter lock is held meanwhile, so that no Python code runs, not even a signal handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    ctypes.PyDLL(None).sleep(3600)


def _grow(mebibytes: str) -> None:
    kept = bytearray(int(mebibytes) << 20)
    kept[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(kept[:: os.sysconf("SC_PAGE_SIZE")])
    time.sleep(3600)


def _memory_error(_: str) -> None:
    raise MemoryError


def _raise(_: str) -> None:
    raise OutsideError("not for you")


def _flood(mebibytes: str) -> None:
    for _ in range(int(mebibytes)):
        os.write(sys.stdout.fileno(), b"x" * (1 << 20))


_FAULTS: dict[str, Callable[[str], None]] = {
    "crash-once": _crash_once,
    "segfault": _segfault,
    "abort": lambda _: os.abort(),
    "kill": _kill,
    "kill-parent": _kill_parent,
    "exit": _exit,
    "nap": _nap,
    "hang": _hang,
    "hang-in-compiled-code": _hang_in_compiled_code,
    "grow": _grow,
    "memory-error": _memory_error,
    "raise": _raise,
    "flood": _flood,
}
