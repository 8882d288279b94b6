"""One spawned process, seen from outside: it answers, or it dies and says of what."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from multiprocessing.connection import wait
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness.files import refuse_lost_folder, temporary_folder
from harness.running.records import Cause, Limits, Lost
from harness.running.served import OUT_OF_MEMORY_CODE, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from harness.running.records import Stop, Work

_START_S = 120.0
"""To start and to make the work ready."""

_END_S = 10.0
"""To clean up after the last unit."""

_TRACE_S = 1.0
"""To write down where it hangs."""

_POLL_S = 0.1
_PIECE = 1 << 16
_LOG_LIMIT = 1 << 16

_reaping = threading.Lock()
"""Several threads asking after one process take its exit code from each other."""


class Died(Exception):  # noqa: N818 - it did
    """A process came to its end over a unit, or before its first one."""

    def __init__(self, lost: Lost) -> None:
        self.lost = lost
        super().__init__(str(lost))


class Stopped(Exception):  # noqa: N818 - it was
    """The run was told to end."""


class Worker:
    """A process at work; a context manager that leaves none behind.

    Args:
        work: What it does with each unit.
        limits: What a unit may take.
        stop: Ends it when set.

    Raises:
        SurroundingsError: There is no place for its temporary files, or no working folder.
    """

    def __init__(self, work: Work, limits: Limits, stop: Stop) -> None:
        refuse_lost_folder()
        self._limits, self._stop = limits, stop
        self._folder = temporary_folder("")
        self._printed = b""
        self._kernel_kills = _kernel_kills()
        # Spawn, not fork: the subject's compiled engine runs threads.
        context = multiprocessing.get_context("spawn")
        self._units, theirs = context.Pipe()
        self._output, printing = context.Pipe(duplex=False)
        arguments = (work, theirs, printing, os.getpid(), self._folder.name)
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with _reaping, _no_main():
            self._process.start()
        theirs.close()
        printing.close()
        self._printing = [self._output]

    def begin(self) -> None:
        """Wait until the work is ready.

        Raises:
            Died: It never was.
            Stopped: The run was told to end.
        """
        self._answer(_START_S, None, begun=False)

    def run(self, unit: Any) -> Any:  # noqa: ANN401 - units and results are the work's
        """The result of a unit.

        Raises:
            Died: The process came to its end over it.
            Stopped: The run was told to end.
        """
        with contextlib.suppress(OSError):
            self._units.send(unit)
        return self._answer(self._limits.seconds, self._limits.memory_bytes, begun=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._units.close()
        if kind is None:
            self._wait_for_end(_END_S)
        self._kill()
        self._output.close()
        self._folder.cleanup()

    def _answer(self, seconds: float | None, memory: int | None, *, begun: bool) -> Any:  # noqa: ANN401
        started = time.monotonic()
        while True:
            ready = wait([self._units, *self._printing], _POLL_S)
            if self._stop.is_set():
                raise Stopped
            if self._output in ready:
                self._keep_printed()
            if self._units in ready:
                try:
                    return self._units.recv()
                except (EOFError, OSError):
                    # A process that dies while it sends leaves half a message behind, which reads as an OSError.
                    raise self._died(begun=begun) from None
            if not ready and self._has_ended():
                raise self._died(begun=begun)
            if seconds is not None and time.monotonic() - started > seconds:
                raise self._ended_by_us(Cause.TIMEOUT, f"no answer in {seconds:g} s", begun=begun)
            if memory is not None and (used := self._resident()) > memory:
                raise self._ended_by_us(Cause.OUT_OF_MEMORY, f"{_mib(used)}, more than {_mib(memory)}", begun=begun)

    def _ended_by_us(self, cause: Cause, reason: str, *, begun: bool) -> Died:
        with contextlib.suppress(ProcessLookupError):
            # It says where it was, unless compiled code keeps even signals away.
            os.kill(self._process.pid or 0, signal.SIGABRT)
        self._wait_for_end(_TRACE_S)
        self._kill()
        return Died(Lost(cause, reason, self._log(), begun))

    def _died(self, *, begun: bool) -> Died:
        self._wait_for_end(_END_S)
        self._kill()
        code = self._process.exitcode or 0
        reason = f"signal {_name(-code)}" if code < 0 else f"exit code {code}"
        starved = code == OUT_OF_MEMORY_CODE or (code == -signal.SIGKILL and _kernel_kills() > self._kernel_kills)
        cause = Cause.OUT_OF_MEMORY if starved else Cause.CRASHED
        return Died(Lost(cause, reason, self._log(), begun))

    def _wait_for_end(self, seconds: float) -> None:
        """Give it time to end by itself; what it prints meanwhile is kept, so that it cannot block on it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.is_set() and not self._has_ended():
            if self._output in wait([self._process.sentinel, *self._printing], _POLL_S):
                self._keep_printed()

    def _has_ended(self) -> bool:
        with _reaping:
            return self._process.exitcode is not None

    def _kill(self) -> None:
        with _reaping:
            self._process.kill()
            self._process.join()

    def _keep_printed(self) -> None:
        """Take a piece of what was printed."""
        try:
            piece = os.read(self._output.fileno(), _PIECE)
        except OSError:
            piece = b""
        if piece:
            self._printed = (self._printed + piece)[-_LOG_LIMIT:]
        else:
            self._printing.clear()

    def _log(self) -> str:
        while wait(self._printing, 0):
            self._keep_printed()
        text = self._printed.decode("utf-8", "replace")
        for folder in sorted(filter(None, sys.path), key=len, reverse=True):
            text = text.replace(f"{folder}{os.sep}", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", text)

    def _resident(self) -> int:
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Keep a process that is started from importing the main module: half a second in a worker of a cluster.

    It finds its work by the names of other modules.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _kernel_kills() -> int:
    """How many processes the kernel has killed for want of memory since it was started."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
