"""Whether a check kills a mutant: it finds something wrong that it does not find on the right subject."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from harness.checks.engine import Examiner
from harness.checks.estimating import BASE, deployed
from harness.checks.records import Outcome, Pair, Scope, SkipCheck, Target
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.stored_configs import stored_models
from harness.subjects.api import Failure
from harness.subjects.installed import load_subject
from tests.fakes.mutants.answering import remembering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from harness.checks.records import Finding
    from harness.coordinates import Database
    from harness.reference.hf_config import HFConfig
    from harness.subjects.models import ModelSubject
    from tests.fakes.mutants.mutant import Mutant

SYSTEM, BACKEND = "h200_sxm", "trtllm"
ESTIMATED = ("meta-llama/Meta-Llama-3.1-8B", "openai/gpt-oss-20b")
"""Models whose estimates a short run asks for: small ones that the database has the data for."""


class _Examiner(Examiner):
    """An examiner that reads each config once for all subjects."""

    def __init__(
        self,
        subject: ModelSubject,
        known: Callable[[str], SubjectModel],
        edit: Callable[[HFConfig], HFConfig] | None = None,
    ) -> None:
        super().__init__(subject)
        self._known, self._edit = known, edit

    def model(self, name: str) -> SubjectModel:
        if name not in self._models:
            known = self._known(name)
            if self._edit:
                self._models[name] = SubjectModel(self._subject, self._edit(known.config))
            else:
                self._models[name] = SubjectModel(self._subject, known.config)
                vars(self._models[name]).update(plan=known.plan, quantization=known.quantization)
        return self._models[name]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant on one target.

    Attributes:
        target: Where it was examined.
        judged: The check can judge the right subject there; where it skips that, it says why.
        found: What the check finds wrong on the mutant.
        new: Those of them that it does not find on the right subject.
    """

    target: Target
    judged: bool
    found: tuple[Finding, ...]
    new: tuple[Finding, ...]

    def killed(self, *, crashes: bool) -> bool:
        """Whether the check saw it; an error of the subject counts only where the mutant is one that raises."""
        return any(crashes or finding.outcome is Outcome.FAIL for finding in self.new)


class Prover:
    """Examines mutants of the installed subject; what the right subject answers is asked once for all of them."""

    @cached_property
    def subject(self) -> ModelSubject:
        """The real subject."""
        return remembering(load_subject())

    @cached_property
    def database(self) -> Database:
        """The one database that estimates are asked on."""
        return max(
            (known for known in self.subject.databases() if (known.system, known.backend) == (SYSTEM, BACKEND)),
            key=lambda known: [
                int(part) if part.isdigit() else 0 for part in known.version.replace("rc", ".").split(".")
            ],
        )

    @cache  # noqa: B019 - one prover lives as long as the process
    def model(self, name: str) -> SubjectModel:
        """A stored model as the right subject sees it."""
        model = SubjectModel.load(self.subject, name)
        _ = model.plan, model.quantization
        return model

    @cache  # noqa: B019
    def concerned(self, mutant: Mutant) -> tuple[str, ...]:
        """Stored models that a mutant must be killed on; empty for a check that looks at no model."""
        if checks()[mutant.check].scope not in (Scope.MODEL, Scope.ESTIMATE):
            return ()
        return tuple(
            name for name in stored_models() if name not in mutant.besides and mutant.concerns(self.model(name))
        )

    def targets(self, mutant: Mutant, limit: int = 0) -> Iterator[Target]:
        """Where a mutant must be killed.

        Args:
            mutant: The mutant.
            limit: How many models at most, one of an architecture, spread over all; 0 for every model.
        """
        scope = checks()[mutant.check].scope
        if scope is Scope.RELEASE:
            yield Target()
        elif scope is Scope.SYSTEM:
            names = sorted({*(mutant.systems or self.subject.system_names())} - {*mutant.besides})
            yield from (Target(system=name) for name in names)
        else:
            where = self.database if scope is Scope.ESTIMATE else None
            models = self.concerned(mutant)
            if limit and scope is Scope.ESTIMATE:
                models = tuple(name for name in models if name in ESTIMATED)
            yield from (Target(name, where) for name in (self._spread(mutant, models, limit) if limit else models))

    def _spread(self, mutant: Mutant, names: tuple[str, ...], limit: int) -> list[str]:
        groups: dict[str, list[str]] = defaultdict(list)
        for name in names:
            groups[self.model(name).plan.architecture].append(name)
        # Another place to start from for each mutant, so that together they see every stored model sooner or later.
        start = zlib.crc32(mutant.id.encode())
        ordered = [groups[key][start % len(groups[key])] for key in sorted(groups)]
        step = max(1.0, len(ordered) / limit)
        return [ordered[int(start + index * step) % len(ordered)] for index in range(min(limit, len(ordered)))]

    def examine(self, mutant: Mutant, limit: int = 0) -> Iterator[Verdict]:
        """Run a mutant's check on every target, or on a few."""
        right = _Examiner(mutant.right(self.subject), self.model) if mutant.mends else self._right
        wrong = self._wrong(mutant)
        for target in self.targets(mutant, limit):
            pair = Pair(checks()[mutant.check], target)
            if mutant.drifts:
                wrong = self._wrong(mutant)
            found = tuple(finding for finding in wrong.examine(pair) if finding.wrong)
            before = self._before(pair) if right is self._right else right.examine(pair)
            known = {(finding.about, finding.actual) for finding in before}
            judged = all(finding.outcome is not Outcome.SKIP for finding in before) and self._answered(target)
            yield Verdict(target, judged, found, tuple(new for new in found if (new.about, new.actual) not in known))

    @cache  # noqa: B019
    def _answered(self, target: Target) -> bool:
        """Whether an estimate comes back at all, where one is asked for."""
        if target.database is None:
            return True
        model = self._right.model(target.model)
        try:
            where = deployed(model, model.plan, target.database)
        except SkipCheck:
            return False
        return not isinstance(where.ask(where.request(**BASE)), Failure)

    def _wrong(self, mutant: Mutant) -> Examiner:
        return _Examiner(mutant.wrong(load_subject(), self.subject), self.model, mutant.config)

    @cache  # noqa: B019
    def _before(self, pair: Pair) -> tuple[Finding, ...]:
        return self._right.examine(pair)

    @cached_property
    def _right(self) -> Examiner:
        return _Examiner(self.subject, self.model)


def unexpected(mutant: Mutant, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """What did not end as expected: mutants that survive, known survivors that do not, and no model at all."""
    judged = [verdict for verdict in verdicts if verdict.judged]
    if not judged:
        yield f"{mutant.id}: {mutant.check} judges it nowhere"
    for verdict in judged:
        killed = verdict.killed(crashes=mutant.crashes)
        if not killed and not mutant.survives_on(verdict.target.model):
            found = "; ".join(f"{finding.about}: {finding.actual}" for finding in verdict.found) or "nothing"
            yield f"{mutant.id} survives {mutant.check} on {verdict.target}, which finds {found[:200]}"
        elif killed and mutant.survives_on(verdict.target.model):
            yield f"{mutant.id} is killed on {verdict.target}: it is listed as a survivor there, remove that"
