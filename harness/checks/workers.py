"""Examines pairs in processes of their own, so that one that dies or hangs takes nothing with it but one pair."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.checks.engine import TIME_LIMIT_S, Examiner
from harness.checks.records import Outcome, Pair
from harness.checks.registry import checks
from harness.running.groups import run_here
from harness.running.records import Limits, Lost
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harness.checks.records import Finding, Target
    from harness.subjects.models import ModelSubject

GRACE_S = 10.0
"""Beyond the limit on a pair, which compiled code may keep from being noticed."""

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
    work = functools.partial(_examining, setting)
    limits = Limits(seconds=setting.time_limit_s + GRACE_S)
    groups = [[(pair.check.id, pair.target) for pair in chunk] for chunk in chunks]
    known = {(pair.check.id, pair.target): pair for chunk in chunks for pair in chunk}
    with contextlib.closing(run_here(groups, work, limits, jobs)) as outcomes:
        for name, outcome in outcomes:
            pair = known[name]
            yield pair, (_buried(examiner.blank(pair), outcome),) if isinstance(outcome, Lost) else outcome.result


def _buried(blank: Finding, lost: Lost) -> Finding:
    said = f"the process that judged it died ({lost.reason})"
    return replace(blank, outcome=Outcome.ERROR, about="died", actual=said)


@contextlib.contextmanager
def _examining(setting: Setting) -> Iterator[Callable[[tuple[str, Target]], tuple[Finding, ...]]]:
    examiner, known = setting.examiner(load_subject(setting.subject_path)), checks()

    def examine(named: tuple[str, Target]) -> tuple[Finding, ...]:
        check, target = named
        return examiner.examine(Pair(known[check], target))

    yield examine
