"""What becomes of a unit of work, and what it may take."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

ResultT = TypeVar("ResultT")

Function = Callable[[Any], Any]
"""From a unit to its result; both can be pickled."""

Work = Callable[[], AbstractContextManager[Function]]
"""Made ready in every process anew; can be pickled."""


class Cause(StrEnum):
    """Why a unit has no result."""

    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one unit may take; None for no limit.

    Attributes:
        seconds: Wall time.
        memory_bytes: Resident memory of its process.
    """

    seconds: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Done(Generic[ResultT]):
    """A unit with its result."""

    result: ResultT


@dataclass(frozen=True, slots=True)
class Lost:
    """A unit over which a process came to its end, twice.

    Attributes:
        cause: Why, in a word.
        reason: How the process ended, such as `signal SIGSEGV`.
        log: The last of what it printed, a trace of the crash included.
        begun: The unit was being worked on; otherwise its group was given up before.
    """

    cause: Cause
    reason: str
    log: str
    begun: bool = True

    def __str__(self) -> str:
        return f"{self.cause}: {self.reason}"


Outcome = Done[Any] | Lost

Runner = Callable[[Sequence[Sequence[Any]], Work, Limits], Generator[tuple[Any, Outcome]]]
"""Does the work with each unit of each group, here or elsewhere, and yields units with their outcomes."""


class Stop(Protocol):
    """Says whether a run has been told to end."""

    def is_set(self) -> bool:
        """Whether it has."""
