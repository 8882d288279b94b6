"""Examines pairs in processes of their own, so that one that dies or hangs takes nothing with it but one pair."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from harness.checks.engine import TIME_LIMIT_S, Examiner
from harness.checks.records import Outcome, Pair
from harness.checks.registry import checks
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from harness.checks.records import Finding, Target
    from harness.subjects.models import ModelSubject

_GRACE_S = 60.0
"""Beyond the limit on a pair: what it takes to start and to load a subject."""

_LIVES = 3
"""Processes that may die over one chunk before the rest of it is given up."""

_POLL_S = 1.0

Examined = tuple[Pair, "tuple[Finding, ...]"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What every process needs to know.

    Attributes:
        folder: Where stored configs are looked up; None for the harness's own.
        subject_path: Folder to import the subject from; None for the installed one.
        time_limit_s: Seconds after which a pair is cut off.
    """

    folder: Path | None = None
    subject_path: Path | None = None
    time_limit_s: float = TIME_LIMIT_S

    def examiner(self, subject: ModelSubject) -> Examiner:
        """An examiner of a subject."""
        return Examiner(subject, self.folder, self.subject_path, self.time_limit_s)


@dataclass(slots=True)
class _Worker:
    """One process at work on one chunk.

    Attributes:
        left: Pairs without an answer, in the order in which they are examined.
        lives: Processes that may still die over the chunk.
        process, answers: The process, and what comes out of it.
        heard: When it last answered.
    """

    left: list[Pair]
    lives: int
    process: SpawnProcess
    answers: Connection
    heard: float

    @classmethod
    def start(cls, pairs: list[Pair], lives: int, setting: Setting) -> _Worker:
        # Spawn, not fork: the subject's compiled engine runs threads.
        context = multiprocessing.get_context("spawn")
        answers, sender = context.Pipe(duplex=False)
        named = [(pair.check.id, pair.target) for pair in pairs]
        process = context.Process(target=_examine_chunk, args=(named, setting, sender), daemon=True)
        process.start()
        sender.close()
        return cls(pairs, lives, process, answers, time.monotonic())

    @property
    def end(self) -> str:
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def examine_in_processes(
    chunks: Sequence[Sequence[Pair]], setting: Setting, jobs: int, examiner: Examiner
) -> Iterator[Examined]:
    """Examine chunks, each in a process of its own, `jobs` of them at a time.

    A pair over which a process dies gets an error as its finding, and another process takes the rest of the chunk.

    Args:
        chunks: Pairs by process, the first ones first.
        setting: What every process needs to know.
        jobs: Processes at work at once.
        examiner: Words the findings of pairs over which a process died.
    """
    waiting = [(list(chunk), _LIVES) for chunk in reversed(chunks)]
    working: dict[Connection, _Worker] = {}
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                worker = _Worker.start(*waiting.pop(), setting)
                working[worker.answers] = worker
            _kill_silent(working.values(), setting)
            for answers in wait(list(working), _POLL_S):
                worker = working[answers]  # type: ignore[index] # wait() returns what it was given
                try:
                    findings = worker.answers.recv()
                except (EOFError, OSError):
                    # A process that dies while it sends leaves half a message behind, which reads as an OSError.
                    worker.process.join()
                    del working[worker.answers]
                    yield from _buried(worker, examiner)
                    if worker.left:
                        waiting.append((worker.left, worker.lives))
                else:
                    worker.heard = time.monotonic()
                    yield worker.left.pop(0), findings
    finally:
        for worker in working.values():
            worker.process.terminate()
        for worker in working.values():
            worker.process.join()


def _kill_silent(workers: Iterable[_Worker], setting: Setting) -> None:
    """End processes that compiled code holds, which no timer inside them can interrupt."""
    for worker in workers:
        if time.monotonic() - worker.heard > setting.time_limit_s + _GRACE_S:
            worker.process.kill()


def _buried(worker: _Worker, examiner: Examiner) -> Iterator[Examined]:
    """Errors for the pair that a process died over, and for the whole rest once too many have died."""
    worker.lives -= 1
    dead = len(worker.left) if worker.lives == 0 else min(len(worker.left), 1)
    for pair in worker.left[:dead]:
        said = f"the process that judged it died ({worker.end})"
        yield pair, (replace(examiner.blank(pair), outcome=Outcome.ERROR, about="died", actual=said),)
    del worker.left[:dead]


def _examine_chunk(named: list[tuple[str, Target]], setting: Setting, sender: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides what to keep.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What compiled code of the subject prints must not mix into our own output.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    examiner, known = setting.examiner(load_subject(setting.subject_path)), checks()
    with contextlib.suppress(BrokenPipeError):
        for check, target in named:
            sender.send(examiner.examine(Pair(known[check], target)))
