"""A dask cluster whose every part is a process, started as its administrator would start it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

ROOT = Path(harness.__file__).parents[1]
_PATIENCE_S = 60.0


class RealCluster:
    """A scheduler to begin with; a context manager that ends what it has started.

    Args:
        folder: For what the processes write.
        failures: Workers that a task may die with before it is given up.
    """

    def __init__(self, folder: Path, failures: int = 3) -> None:
        self._folder, self._failures = folder, str(failures)
        self._started: list[subprocess.Popen[bytes]] = []
        self._keepers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        said = self._folder / "scheduler.json"
        words = ("--port", "0", "--scheduler-file", str(said))
        self.scheduler = self._start("scheduler", *words, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=self._failures)
        eventually(lambda: said.exists() and said.read_text().endswith("}"))
        self.address = str(json.loads(said.read_text())["address"])
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._started):
            _end(process)

    def add_workers(self, number: int, *, root: Path = ROOT, **setting: str) -> subprocess.Popen[bytes]:
        """Start workers of one thread each, below a process that starts anew those that die.

        Args:
            number: How many.
            root: Where they find the harness.
            setting: Environment variables.
        """
        words = ("--nworkers", str(number), "--nthreads", "1")
        keeper = self._start("worker", self.address, *words, root=root, **setting)
        self._keepers.append(keeper)
        log = self._log()
        eventually(lambda: log.read_text().count("Registered to:") == number)
        return keeper

    @contextlib.contextmanager
    def more_workers(self, number: int, *, root: Path = ROOT, **setting: str) -> Iterator[None]:
        """Have more workers for a while."""
        keeper = self.add_workers(number, root=root, **setting)
        try:
            yield
        finally:
            _end(keeper)

    def worker_processes(self) -> list[int]:
        """Process ids of the workers."""
        return [worker for keeper in self._keepers if keeper.poll() is None for worker in children(keeper.pid)]

    def _start(self, kind: str, *words: str, root: Path = ROOT, **setting: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{kind}",
            *words,
            "--host",
            "127.0.0.1",
            "--no-dashboard",
        ]
        with self._log(1).open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, env=os.environ | {"PYTHONPATH": str(root)} | setting
            )
        self._started.append(process)
        return process

    def _log(self, after: int = 0) -> Path:
        return self._folder / f"{len(self._started) + after}.log"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children(pid: int) -> list[int]:
    """Child processes, but for the one that Python keeps to clean up after it."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"resource_tracker" not in _command_line(child)]


def _command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def eventually(holds: Callable[[], bool], seconds: float = _PATIENCE_S) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.05)
