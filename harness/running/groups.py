"""Runs groups of units over an executor: a unit that a process dies over is tried once more, alone, and given up."""

from __future__ import annotations

import contextlib
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from harness.running.records import Done, Limits, Lost, Outcome, Work
from harness.running.served import ENDING
from harness.running.worker import Died, Stopped, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from harness.running.records import Stop

_STARTS = 2
"""Processes that may fail to begin before their group is given up."""

LOST_IN_A_ROW = 5
"""Units; after that the fault is not theirs, and the rest of the group is given up."""

_WATCH_S = 1.0
"""Between two looks at an executor that is elsewhere."""


def run_group(work: Work, limits: Limits, units: Sequence[Any], stop: Stop | None = None) -> list[Outcome]:
    """What becomes of each unit of a group. It can be submitted to any executor, on this machine or another.

    Raises:
        Stopped: The run was told to end.
    """
    return list(_outcomes(work, units, limits, stop or threading.Event()))


def run_on(
    executor: Executor,
    groups: Sequence[Sequence[Any]],
    task: Callable[[Sequence[Any]], Sequence[Outcome]],
    watch: Callable[[], None] = lambda: None,
    lost: Callable[[Exception], Lost] | None = None,
) -> Generator[tuple[Any, Outcome]]:
    """Run groups on an executor, and leave nothing waiting there, however that ends.

    Args:
        executor: Takes them all at once.
        groups: Units by group.
        task: Does a group: `run_group` with its work, or what calls it elsewhere.
        watch: Called every second or so; ends the run by raising.
        lost: What an error of the executor makes of a group's units; by default it is raised.

    Yields:
        A unit with its outcome; those of a group together, once it is done.
    """
    waiting = {executor.submit(task, units): units for units in groups}
    try:
        while waiting:
            watch()
            for future in wait(waiting, _WATCH_S, FIRST_COMPLETED).done:
                units = waiting.pop(future)
                yield from zip(units, _told(future, len(units), lost), strict=True)
    finally:
        for future in waiting:
            future.cancel()


def _told(future: Future[Sequence[Outcome]], size: int, lost: Callable[[Exception], Lost] | None) -> Sequence[Outcome]:
    try:
        return future.result()
    except Exception as error:
        if lost is None:
            raise
        return [lost(error)] * size


def run_here(groups: Sequence[Sequence[Any]], work: Work, limits: Limits, jobs: int) -> Generator[tuple[Any, Outcome]]:
    """Run groups on this machine, each in a process of its own, `jobs` of them at a time.

    Yields:
        A unit with its outcome. The next unit of its group begins once the one after it is asked for, so that what
        is done with an outcome is done by then.

    Raises:
        KeyboardInterrupt: A signal asked for the end.
        SurroundingsError: No process can be started here.
    """
    if groups:
        resource_tracker.ensure_running()
        with _ended_like_ctrl_c():
            yield from _run_here(groups, work, limits, jobs)


def _run_here(groups: Sequence[Sequence[Any]], work: Work, limits: Limits, jobs: int) -> Generator[tuple[Any, Outcome]]:
    said, stop = SimpleQueue[_Said | Future[None]](), threading.Event()
    executor = ThreadPoolExecutor(jobs, initializer=_leave_signals_to_main)
    try:
        for units in groups:
            executor.submit(_tell, work, units, limits, said, stop).add_done_callback(said.put)
        running = len(groups)
        while running:
            item = said.get()
            if isinstance(item, _Said):
                yield item.unit, item.outcome
                item.taken.set()
            else:
                item.result()
                running -= 1
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Said:
    unit: Any
    outcome: Outcome
    taken: threading.Event = field(default_factory=threading.Event)


def _tell(work: Work, units: Sequence[Any], limits: Limits, said: SimpleQueue[Any], stop: threading.Event) -> None:
    with contextlib.suppress(Stopped), contextlib.closing(_outcomes(work, units, limits, stop)) as outcomes:
        for unit, outcome in zip(units, outcomes, strict=True):
            item = _Said(unit, outcome)
            said.put(item)
            while not item.taken.wait(0.1):
                if stop.is_set():
                    return


def _leave_signals_to_main() -> None:
    # Processes inherit it, so that none of them can reach one before it ignores it.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


@contextlib.contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let signals that ask for an end raise `KeyboardInterrupt`, so that what is done is kept and nothing is left."""
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                replaced[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _outcomes(work: Work, units: Sequence[Any], limits: Limits, stop: Stop) -> Generator[Outcome]:
    left, failed_starts, in_a_row = list(units), 0, 0
    while left:
        try:
            with Worker(work, limits, stop) as worker:
                worker.begin()
                failed_starts = 0
                while left:
                    result = worker.run(left[0])
                    del left[0]
                    in_a_row = 0
                    yield Done(result)
            continue
        except Died as death:
            lost = death.lost
        if lost.begun:
            outcome = _alone(work, left.pop(0), limits, stop)
            in_a_row = in_a_row + 1 if isinstance(outcome, Lost) else 0
            yield outcome
        else:
            failed_starts += 1
        if failed_starts == _STARTS or in_a_row == LOST_IN_A_ROW:
            yield from [replace(lost, begun=False)] * len(left)
            return


def _alone(work: Work, unit: Any, limits: Limits, stop: Stop) -> Outcome:  # noqa: ANN401
    try:
        with Worker(work, limits, stop) as worker:
            worker.begin()
            return Done(worker.run(unit))
    except Died as death:
        return replace(death.lost, begun=True)
