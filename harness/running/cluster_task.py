"""What a worker of a dask cluster does: show that it is like the machine that asks, and do a group of units."""

from __future__ import annotations

import asyncio
import multiprocessing
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.running.groups import run_group
from harness.running.records import Limits, Lost
from harness.running.worker import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.running.records import Outcome, Work


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a worker must have in common with the machine that asks.

    Attributes:
        look: Answers None with what is there, by name, as text; in a process of its own, like all work.
        expected: What it is to answer.
        run: Which run asks: a worker looks once for each, since what is there may have changed.
    """

    look: Work
    expected: Mapping[str, str]
    run: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Unlike:
    """What a worker has, and what it should have."""

    found: str
    expected: str


class UnlikeError(Exception):
    """A worker was asked to do what the machine that asks would do otherwise.

    Args:
        worker: Its address.
        unlike: The first thing that differs.
    """

    def __init__(self, worker: str, unlike: Unlike) -> None:
        self.worker, self.unlike = worker, unlike
        super().__init__(worker, unlike)


def listen(*_asked: object) -> None:
    """Say nothing: a scheduler that can call it has read what it passes on."""


async def compare(likeness: Likeness) -> Unlike | None:
    """The first thing in which this worker differs, found while it goes on with whatever it does."""
    return await asyncio.to_thread(_difference, likeness)


def run_task(likeness: Likeness, work: Work, limits: Limits, units: Sequence[Any]) -> list[Outcome]:
    """What becomes of each unit of a group; see `run_group`.

    Raises:
        UnlikeError: This worker is not like the machine that asks. It may have come after the others were looked at.
        Reschedule: Another worker shall do it, should anybody still wait for it.
    """
    from distributed import Reschedule  # noqa: PLC0415 - nobody but workers comes here

    abandoned = _Abandoned()
    if unlike := _difference(likeness):
        raise UnlikeError(abandoned.worker.address, unlike)
    try:
        return run_group(work, limits, units, abandoned)
    except Stopped:
        raise Reschedule from None


class _Abandoned:
    """Whether a task is no longer to be done here: its run was interrupted or is dead, or the worker is closing."""

    def __init__(self) -> None:
        from distributed import get_worker  # noqa: PLC0415 - nobody but workers comes here

        self.worker = get_worker()
        self._key = self.worker.get_current_task()

    def is_set(self) -> bool:
        task = self.worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled" or self.worker.status.name in _ENDING


_ENDING = frozenset({"closing", "closed", "failed", "stopping"})

_alike: set[str] = set()
"""Runs whose machine this process was found to be like."""

_looking = threading.Lock()


def _difference(likeness: Likeness) -> Unlike | None:
    _let_have_children()
    with _looking:
        if likeness.run in _alike:
            return None
        (outcome,) = run_group(likeness.look, Limits(), [None])
        if isinstance(outcome, Lost):
            said = outcome.log.strip().splitlines()[-1:]
            return Unlike(": ".join([f"that it cannot be asked ({outcome.reason}", *said]) + ")", "an answer")
        # Digests come last, and say less than what stands before them.
        for name in (*sorted(outcome.result.keys() - likeness.expected.keys()), *likeness.expected):
            found, wanted = outcome.result.get(name, ""), likeness.expected.get(name, "")
            if found != wanted:
                return Unlike(_named(name, found), f"{_named(name, wanted)}, as on this machine")
        _alike.add(likeness.run)
    return None


def _named(name: str, value: str) -> str:
    return f"{name} {value}" if value else f"no {name}"


def _let_have_children() -> None:
    # Python lets daemons have none, since they would outlive it; ours do not.
    process = multiprocessing.current_process()
    if process.daemon:
        process.daemon = False
