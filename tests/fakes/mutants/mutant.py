"""What a mutant is: one seeded bug, which models it concerns, and which check must see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tests.fakes.mutants.answering import broken, changing, remembering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.checks.subject_model import SubjectModel
    from harness.reference.hf_config import HFConfig
    from harness.subjects.models import ModelSubject
    from tests.fakes.mutants.answering import Answers, Patch


def _every(model: SubjectModel) -> bool:
    del model
    return True


@dataclass(frozen=True, eq=False)
class Mutant:
    """One seeded bug of the real subject.

    Attributes:
        id: Stable, readable name.
        mistake: What a developer got wrong, in one sentence.
        check: Id of the check that must see it.
        lesson: Lesson of the seed that it breaks, 1 to 6; None if none.
        answers: The bug as changed answers, by the name of the question.
        drifts: The bug as answers that depend on what was asked before: makes the changed answers of a fresh subject.
        patch: The bug inside the subject's own package: patches it for as long as one answer takes.
        mends: Answers of the subject without its own bug; then the bug is what it does today.
        concerns: Whether a model's answers are wrong, judged by the reference's reading of it.
        besides: Models or systems left out although they are concerned, for the bug changes nothing or is there today;
            each with the reason.
        survives: Globs over the models on which the check does not see it, each with the reason: known weaknesses.
        crashes: The subject raises, so that the finding is an error.
        systems: Systems that it concerns, for a check of systems; empty for all.
    """

    id: str
    mistake: str
    check: str
    lesson: int | None = None
    answers: Answers = field(default_factory=dict)
    drifts: Callable[[], Answers] | None = None
    patch: Patch | None = None
    config: Callable[[HFConfig], HFConfig] | None = None
    mends: Answers = field(default_factory=dict)
    concerns: Callable[[SubjectModel], bool] = _every
    besides: Mapping[str, str] = field(default_factory=dict)
    survives: Mapping[str, str] = field(default_factory=dict)
    crashes: bool = False
    systems: frozenset[str] = frozenset()

    def survives_on(self, model: str) -> bool:
        """Whether the check is known not to see it on a model."""
        return any(fnmatchcase(model, pattern) for pattern in self.survives)

    @property
    def breaks(self) -> str:
        """What it breaks: the `package`, the `config`, an `answer`, or nothing but what the release does `today`."""
        if self.patch:
            return "package"
        return "config" if self.config else "today" if self.mends else "answer"

    def right(self, real: ModelSubject) -> ModelSubject:
        """The subject without the bug."""
        return changing(real, self.mends) if self.mends else real

    def wrong(self, real: ModelSubject, known: ModelSubject) -> ModelSubject:
        """The subject with the bug.

        Args:
            real: The subject itself, which answers anew while its package is broken.
            known: The same, with what it answered before.
        """
        base = remembering(broken(real, self.patch)) if self.patch is not None else known
        answers = self.drifts() if self.drifts else self.answers
        return changing(base, answers) if answers else base
