"""Runs groups on the workers of a dask cluster, none of which is believed before it was compared with this machine."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
import warnings
from concurrent.futures import CancelledError
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from harness.errors import ClusterError, UsageError
from harness.running.cluster_task import Unlike, UnlikeError, compare, listen, run_task
from harness.running.groups import run_on
from harness.running.records import Cause, Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Self

    from harness.running.cluster_task import Likeness
    from harness.running.records import Limits, Outcome, Work

_ANSWER_S = 10.0
"""For a scheduler to answer, and for a first worker to be there."""

_COMPARE_S = 120.0
"""For all workers to say what they are."""

_GONE_S = 60.0
"""Without any worker, before a run is given up."""

_CLOSE_S = 5.0
_SHOWN = 300
_RESUME = "What is done is kept: go on with --resume."
_INSTALLED = "the same aiconfigurator-harness as on this machine"


class Cluster:
    """The workers of a scheduler; a context manager that leaves nothing waiting there.

    Args:
        address: Of the scheduler, such as `tcp://host:8786`.
        likeness: What every worker must have in common with this machine.
        split: Makes pieces of a group. What a worker has done is known here once its piece is done.
        on_size: Told how many workers and threads there are, at first and whenever that changes.

    Raises:
        UsageError: `distributed` is not installed.
        ClusterError: No scheduler answers, it has no workers, or one of them is unlike this machine.
    """

    def __init__(
        self,
        address: str,
        likeness: Likeness,
        split: Callable[[Sequence[Any]], Sequence[Sequence[Any]]],
        on_size: Callable[[int, int], None],
    ) -> None:
        if find_spec("distributed") is None:
            todo = "Install it: pip install 'aiconfigurator-harness[cluster]'"
            raise UsageError("--scheduler", "no package `distributed`", "the extra `cluster`", todo)
        self._address, self._likeness, self._split, self._on_size = address, likeness, split, on_size
        self._size, self._seen = (0, 0), time.monotonic()

    def __enter__(self) -> Self:
        self._client = self._connected()
        try:
            self._refuse_none()
            self._refuse_unlike()
            self._watch()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, groups: Sequence[Sequence[Any]], work: Work, limits: Limits) -> Generator[tuple[Any, Outcome]]:
        """Run groups, each piece of one on a thread of a worker; see `run_on`.

        Raises:
            ClusterError: The scheduler or all workers are gone, or a worker came that is unlike this machine.
        """
        pieces = [piece for units in groups for piece in self._split(units)]
        task = functools.partial(run_task, self._likeness, work, limits)
        # Not pure: a run does not take the results of another one that happens to ask the same.
        yield from run_on(self._client.get_executor(pure=False), pieces, task, self._watch, self._lost)

    def _connected(self) -> Any:  # noqa: ANN401 - the package is not there for everybody
        from distributed import Client  # noqa: PLC0415 - half a second

        _keep_quiet()
        try:
            kind = asyncio.run(asyncio.wait_for(_kind_of(self._address), _ANSWER_S + 1))
        except Exception as error:
            found = f"no scheduler that answers ({_one_line(error)})"
            raise self._error(found, "the address of a dask scheduler, such as tcp://host:8786") from error
        if kind != "Scheduler":
            raise self._error(f"a {kind.lower()} of a cluster", "its scheduler")
        with warnings.catch_warnings():
            # It warns of versions that differ; those that matter are compared.
            warnings.simplefilter("ignore")
            return Client(self._address, timeout=_ANSWER_S, set_as_default=False)

    def _refuse_none(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_ANSWER_S)
        except TimeoutError as error:
            raise self._error(f"no worker in {_ANSWER_S:g} s", "at least one") from error

    def _refuse_unlike(self) -> None:
        wait = {"callback_timeout": _COMPARE_S}
        try:
            self._client.run_on_scheduler(listen, self._likeness, **wait)
            told = self._client.run(compare, self._likeness, on_error="return", **wait)
        except TimeoutError as error:
            raise self._error(f"a worker that has not said what it is in {_COMPARE_S:g} s", "an answer") from error
        except Exception as error:
            raise self._error(f"a scheduler that cannot read what is asked ({_one_line(error)})", _INSTALLED) from error
        for worker, unlike in sorted(told.items()):
            if isinstance(unlike, OSError):
                continue  # it is gone, and will be looked at should it come back
            if isinstance(unlike, Exception):
                raise _unlike(worker, Unlike(f"no harness that can be asked ({_one_line(unlike)})", _INSTALLED))
            if unlike is not None:
                raise _unlike(worker, unlike)

    def _watch(self) -> None:
        try:
            threads = self._client.nthreads().values()
        except OSError:
            return  # whoever waits is told
        now = time.monotonic()
        if threads:
            self._seen = now
        if (size := (len(threads), sum(threads))) != self._size:
            self._size = size
            self._on_size(*size)
        if now - self._seen > _GONE_S:
            raise self._error(f"no worker for {_GONE_S:g} s", "at least one", _RESUME)

    def _lost(self, error: Exception) -> Lost:
        if isinstance(error, UnlikeError):
            raise _unlike(error.worker, error.unlike) from error
        if isinstance(error, CancelledError):
            raise self._error("no scheduler any more", "one that lasts as long as the run", _RESUME) from error
        return Lost(Cause.CRASHED, _one_line(error), "", begun=False)

    def _close(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self._client.close(_CLOSE_S)

    def _error(self, found: str, expected: str, todo: str = "") -> ClusterError:
        return ClusterError(f"--scheduler {self._address!r}", found, expected, todo)


async def _kind_of(address: str) -> str:
    from distributed import Security, rpc  # noqa: PLC0415 - half a second

    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=_ANSWER_S, connection_args=arguments) as asked:
        return str((await asked.identity())["type"])


def _unlike(worker: str, unlike: Unlike) -> ClusterError:
    todo = "Make them the same and restart the worker."
    return ClusterError(f"worker {worker}", unlike.found, unlike.expected, todo)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:_SHOWN] if text else type(error).__name__


def _keep_quiet() -> None:
    """What the package logs says less than the errors here, in more lines."""
    for name in ("asyncio", "distributed", "tornado", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"asyncio", "distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
