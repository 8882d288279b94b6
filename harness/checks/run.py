"""Runs the pairs of a choice, in this process or over several, and marks what is known."""

from __future__ import annotations

import contextlib
import faulthandler
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.checks.choice import choose
from harness.checks.engine import TIME_LIMIT_S, Examiner
from harness.checks.known_issues import KnownIssues
from harness.checks.records import Check, Judged, Outcome, Pair, Target
from harness.checks.registry import checks
from harness.checks.workers import GRACE_S, Setting, examine_in_processes
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harness.checks.choice import Choice, Chosen
    from harness.checks.records import Finding
    from harness.subjects.models import ModelSubject

_CHUNKS_PER_JOB = 4
_MODELS_WORTH_A_PROCESS = 8
"""Loading the subject once more costs as much as some ten models do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how.

    Attributes:
        pairs: What to judge.
        known: Which findings are expected.
        complete: The pairs are all there are, so that a known issue that names none of them is wrong.
        setting: What every process needs to know.
        jobs: Processes at work at once.
        isolated: Start processes even for what this one could do sooner.
    """

    pairs: tuple[Pair, ...]
    known: KnownIssues
    complete: bool = False
    setting: Setting = field(default_factory=Setting)
    jobs: int = 1
    isolated: bool = False

    def chunks(self) -> list[tuple[Pair, ...]]:
        """The pairs in parts that one process takes: some models each, or one database.

        Pairs of a model stand together, for they share what is built of it.
        """
        estimates: dict[object, list[Pair]] = {}
        others: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            where = pair.target.database
            group = others.setdefault(pair.target.model, []) if where is None else estimates.setdefault(where, [])
            group.append(pair)
        count = min(self.jobs * _CHUNKS_PER_JOB, math.ceil(len(others) / _MODELS_WORTH_A_PROCESS))
        models = list(others.values())
        dealt = [models[place::count] for place in range(count)]
        return [
            *(tuple(pair for group in part for pair in group) for part in dealt),
            *(tuple(sorted(group, key=lambda pair: pair.target)) for group in estimates.values()),
        ]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        judged: In the order of the plan's pairs.
        unmatched: Known issues that name no target at all, as findings.
        undone: Pairs without findings, because the user stopped the run.
    """

    judged: tuple[Judged, ...]
    unmatched: tuple[Finding, ...] = ()
    undone: tuple[Pair, ...] = ()

    @property
    def interrupted(self) -> bool:
        """The user stopped it."""
        return bool(self.undone)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the pairs."""
        return (*(finding for each in self.judged for finding in each.findings), *self.unmatched)

    @property
    def unexpected(self) -> tuple[Finding, ...]:
        """Findings that fail the run."""
        return tuple(finding for finding in self.findings if finding.unexpected)


def prepare(
    choice: Choice,
    *,
    subject_path: Path | None = None,
    known_issues: Path | None = None,
    jobs: int = 1,
    isolated: bool = False,
) -> tuple[ModelSubject, Chosen, Plan]:
    """Load the subject and plan a run.

    Args:
        choice: What the user asks for.
        subject_path: Folder to import the subject from; None for the installed one.
        known_issues: File of known issues; the harness's own by default.
        jobs: Processes at work at once.
        isolated: Start processes even for what this one could do sooner.

    Raises:
        UsageError: Nothing is left to run, or the folder holds no subject.
        FilterError: A pattern matches nothing that exists.
        DataFileError: The file of known issues cannot be used.
        SubjectError: The subject cannot be loaded.
    """
    subject = load_subject(subject_path)
    known = KnownIssues.load(subject.info.version, checks().values(), known_issues)
    chosen = choose(choice, subject)
    # The harness's own file names the harness's own configs.
    complete = choice.everything and not chosen.unreadable and (choice.folder is None or known_issues is not None)
    setting = Setting(choice.folder, subject_path, TIME_LIMIT_S)
    return subject, chosen, Plan(chosen.pairs, known, complete, setting, jobs, isolated)


def run(plan: Plan, subject: ModelSubject, on_judged: Callable[[Judged], None] = lambda _: None) -> RunResult:
    """Judge a plan's pairs. Ctrl-C ends the run early and keeps what is done.

    Args:
        plan: What to judge.
        subject: The subject; other processes load it for themselves.
        on_judged: Called in this process for each pair as it is done.
    """
    examiner = plan.setting.examiner(subject)
    done: dict[Pair, Judged] = {}
    try:
        for pair, findings in _examined(plan, examiner):
            done[pair] = marked(pair, findings, plan.known, examiner)
            on_judged(done[pair])
    except KeyboardInterrupt:
        return RunResult(_in_order(plan, done), undone=tuple(pair for pair in plan.pairs if pair not in done))
    unmatched = plan.known.unmatched(plan.pairs) if plan.complete else ()
    return RunResult(
        _in_order(plan, done),
        tuple(stale.finding(examiner.blank(_of_release(checks()[stale.issue.check]))) for stale in unmatched),
    )


def judge(pair: Pair, known: KnownIssues, examiner: Examiner) -> Judged:
    """Run one pair and mark what is known."""
    return marked(pair, examiner.examine(pair), known, examiner)


def marked(pair: Pair, findings: Sequence[Finding], known: KnownIssues, examiner: Examiner) -> Judged:
    """Mark the findings of a pair that are known, and add known issues that no longer hold."""
    found, stale = known.applied(findings)
    if not stale:
        return Judged(pair, found)
    kept = (finding for finding in found if finding.outcome is not Outcome.PASS)
    return Judged(pair, (*kept, *(each.finding(examiner.blank(pair)) for each in stale)))


def _examined(plan: Plan, examiner: Examiner) -> Iterator[tuple[Pair, tuple[Finding, ...]]]:
    chunks = plan.chunks()
    if plan.isolated or (plan.jobs > 1 and len(chunks) > 1):
        yield from examine_in_processes(chunks, plan.setting, plan.jobs, examiner)
        return
    try:
        for chunk in chunks:
            for pair in chunk:
                with _ended_if_stuck(plan.setting.time_limit_s + GRACE_S):
                    findings = examiner.examine(pair)
                yield pair, findings
    finally:
        examiner.close()


@contextlib.contextmanager
def _ended_if_stuck(seconds: float) -> Iterator[None]:
    """End the process, with a trace, if compiled code keeps the body from ending and Python from noticing."""
    if not faulthandler.is_enabled():
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _in_order(plan: Plan, done: dict[Pair, Judged]) -> tuple[Judged, ...]:
    return tuple(done[pair] for pair in plan.pairs if pair in done)


def _of_release(check: Check) -> Pair:
    return Pair(check, Target())
