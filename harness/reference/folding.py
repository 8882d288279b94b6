"""Sequences of runs, with what repeats at once written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RunT = TypeVar("RunT")

_LONGEST_PERIOD = 12


def folded(runs: Sequence[RunT]) -> Iterator[tuple[Sequence[RunT], int]]:
    """Cut a sequence into pieces, each with the number of times that it stands there at once.

    Args:
        runs: What may repeat; pieces of up to 12 are looked for.
    """
    start = 0
    while start < len(runs):
        # What covers most wins, and of those the shortest.
        length, times = max(
            ((length, _repeats(runs, start, length)) for length in range(1, _LONGEST_PERIOD + 1)),
            key=lambda found: (found[0] * found[1] if found[1] > 1 else 0, -found[0]),
        )
        yield runs[start : start + length], times
        start += length * times


def _repeats(runs: Sequence[RunT], start: int, length: int) -> int:
    times = 1
    while runs[start + times * length : start + (times + 1) * length] == runs[start : start + length]:
        times += 1
    return times
