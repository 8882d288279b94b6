"""The words of checking: what a check is, what it looks at, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.coordinates import Database
    from harness.subjects.api import Capability


class Scope(StrEnum):
    """What one run of a check looks at."""

    MODEL = "model"
    """One model: the check takes `(SubjectModel, LayerPlan)`."""
    ESTIMATE = "estimate"
    """One model on one database: the check takes `(SubjectModel, LayerPlan, Database)`."""
    SYSTEM = "system"
    """One GPU system: the check takes `(Subject, system name)`."""
    RELEASE = "release"
    """The release as a whole: the check takes `(Subject,)`."""


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    ERROR = "error"
    """The subject raised, or did not come back in time."""
    SKIP = "skip"
    """It cannot be judged here; the reason says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule.

    Attributes:
        id: Stable, readable name.
        phase: Phase of the seed, 1 to 5.
        lesson: Lesson of the seed that it guards, 1 to 6; None if none.
        scope: What one run looks at.
        suite: Suite that runs it: the name of a file in `tests/conformance` without `test_`.
        needs: What the subject must be able to do.
        text: First line of the docstring: the rule in words.
        run: The function.
    """

    id: str
    phase: int
    lesson: int | None
    scope: Scope
    suite: str
    needs: frozenset[Capability]
    text: str
    run: Callable[..., object]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a check looks at: a model, a model on a database, a system, or (all empty) the release."""

    model: str = ""
    database: Database | None = None
    system: str = ""

    def __str__(self) -> str:
        where = str(self.database) if self.database else self.system
        return " ".join(part for part in (self.model, where) if part) or "release"

    def pair_id(self, check: str) -> str:
        """Id of a check on this target, such as `check_layer_counts[Qwen/Qwen3.5-397B-A17B]`."""
        return f"check_{check}[{str(self).replace(' ', '-')}]"


@dataclass(frozen=True, slots=True)
class Pair:
    """A check and what it is to look at: the unit of work of every door."""

    check: Check
    target: Target

    @property
    def id(self) -> str:
        """Such as `check_layer_counts[Qwen/Qwen3.5-397B-A17B]`."""
        return self.target.pair_id(self.check.id)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a check yields when the subject is wrong.

    Attributes:
        about: What in the target it is about, such as `routed_experts` or `layers.window`: stable, for known issues.
        expected: What the reference says.
        actual: What the subject says.
        arithmetic: How the expected value follows from the config, with its figures.
        snippet: Python that shows it with the subject alone.
    """

    about: str
    expected: str
    actual: str
    arithmetic: str
    snippet: str = ""


class SkipCheck(Exception):  # noqa: N818 - it is no error
    """A check cannot judge this target; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out of one check on one target; a check that finds several things wrong gives several.

    Attributes:
        check, phase, lesson: Of the check.
        target: What it looked at.
        subject: Name and version of the subject.
        outcome: How it ended.
        about: What in the target it is about; empty for a pass.
        expected, actual, arithmetic: As in `Mismatch`; for an error or a skip, `actual` holds the cause.
        reproduce: Command that runs the check alone.
        snippet: Python that shows it with the subject alone.
        known_issue: Id of the known issue that covers it; None if there is none.
        stale: What is wrong is a known issue that no longer holds; `about` names it.
    """

    check: str
    phase: int
    lesson: int | None
    target: Target
    subject: str
    outcome: Outcome
    about: str = ""
    expected: str = ""
    actual: str = ""
    arithmetic: str = ""
    reproduce: str = ""
    snippet: str = ""
    known_issue: str | None = None
    stale: bool = False

    @property
    def id(self) -> str:
        """Id of the pair that it came from."""
        return self.target.pair_id(self.check)

    @property
    def wrong(self) -> bool:
        """Whether it failed or ended with an error."""
        return self.outcome in (Outcome.FAIL, Outcome.ERROR)

    @property
    def unexpected(self) -> bool:
        """Whether it is wrong and no known issue says that it should be."""
        return self.wrong and self.known_issue is None

    def document(self) -> dict[str, object]:
        """One entry of `check --json`."""
        database = self.target.database
        return {
            "check": self.check,
            "phase": self.phase,
            "lesson": self.lesson,
            "model": self.target.model,
            "system": database.system if database else self.target.system,
            "backend": database.backend if database else "",
            "version": database.version if database else "",
            "subject": self.subject,
            "outcome": str(self.outcome),
            "about": self.about,
            "known_issue": self.known_issue,
            "stale": self.stale,
            "expected": self.expected,
            "actual": self.actual,
            "arithmetic": self.arithmetic,
            "reproduce": self.reproduce,
            "snippet": self.snippet,
        }


class Result(StrEnum):
    """What a pair comes to, all its findings taken together; from worst to best."""

    ERROR = "error"
    FAIL = "fail"
    KNOWN = "known"
    """Everything wrong in it is a known issue."""
    SKIP = "skip"
    PASS = "pass"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair and its findings, known issues marked.

    Attributes:
        pair: The pair.
        findings: What came out, at least one.
    """

    pair: Pair
    findings: tuple[Finding, ...]

    @property
    def result(self) -> Result:
        """The worst of its findings."""
        found = {Result.KNOWN if each.known_issue else Result(each.outcome.value) for each in self.findings}
        return next(result for result in Result if result in found)

    @property
    def unexpected(self) -> tuple[Finding, ...]:
        """Findings that fail a run."""
        return tuple(finding for finding in self.findings if finding.unexpected)
