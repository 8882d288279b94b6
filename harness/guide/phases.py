"""The five phases of adding a model, their done-criteria, and where a model stands with each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Literal

from harness.checks.records import Outcome, Scope
from harness.checks.registry import checks
from harness.data_files import Record, data_path, load_toml
from harness.guide.fields import MTP, NESTING
from harness.guide.naming import UNKNOWN_ID, config_file, family_name
from harness.guide.records import Criterion, PhaseReport, Situation, State
from harness.reference.find_config import is_model_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.checks.records import Check, Finding
    from harness.checks.subject_model import SubjectModel
    from harness.guide.records import Evidence

Fact = Literal["", "shipped", "mapped", "declared", "listed", "in_matrix"]
Applies = Literal["always", "nested", "mtp", "patterned", "fields", "new_family"]

_CONFIG, _REGISTRATION = 1, 2
_NAMED_FIELDS = 6


class Phase(Record):
    """One phase, as the data file has it."""

    number: int
    title: str
    situations: tuple[Situation, ...]


class Rule(Record):
    """One done-criterion, as the data file has it; the file says what its fields mean."""

    id: str
    phase: int
    text: str
    fact: Fact = ""
    checks: tuple[str, ...] = ()
    rest: bool = False
    applies: Applies = "always"
    todo: str
    hint: str = ""


class Box(Record):
    """One box of the checklist, as the data file has it."""

    phase: int
    text: str
    criteria: tuple[str, ...]
    by_hand: str = ""


class _File(Record):
    phases: tuple[Phase, ...]
    criteria: tuple[Rule, ...]
    boxes: tuple[Box, ...]


@cache
def _file() -> _File:
    return load_toml(data_path("fixtures", "phases.toml"), _File)


def rules() -> tuple[Rule, ...]:
    """Every done-criterion, by phase."""
    return _file().criteria


def boxes() -> tuple[Box, ...]:
    """Every box of the checklist."""
    return _file().boxes


@cache
def checks_of(rule: Rule) -> tuple[Check, ...]:
    """The checks that decide a criterion, in the rule's own order."""
    mine = [check for check in checks().values() if _rule_of(check) is rule]
    return tuple(sorted(mine, key=lambda check: _place(check, rule)))


def _rule_of(check: Check) -> Rule | None:
    """The criterion that a check decides; None for one that looks at no model."""
    if check.scope not in (Scope.MODEL, Scope.ESTIMATE):
        return None
    mine = [rule for rule in rules() if rule.phase == check.phase]
    by_name = (rule for rule in rules() if check.id in rule.checks)
    by_pattern = (rule for rule in mine if _place(check, rule) < len(rule.checks))
    return next(chain(by_name, by_pattern, (rule for rule in mine if rule.rest)), None)


def _place(check: Check, rule: Rule) -> int:
    places = (place for place, pattern in enumerate(rule.checks) if fnmatchcase(check.id, pattern))
    return next(places, len(rule.checks))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the criteria are decided from.

    Attributes:
        model: The model.
        situation: Its situation.
        evidence: What that was decided from.
        findings: Findings by check; a check that was not run is missing.
        is_wrong: Whether a finding is a bug.
    """

    model: SubjectModel
    situation: Situation
    evidence: Evidence
    findings: Mapping[str, tuple[Finding, ...]]
    is_wrong: Callable[[Finding], bool]

    @property
    def facts(self) -> frozenset[Fact]:
        """What the release itself says of the model."""
        subject, name = self.model.subject, self.model.name
        said: dict[Fact, bool] = {
            "": True,
            "shipped": name in subject.bundled_models(),
            "mapped": self.evidence.mapped,
            "declared": self.family in subject.families(),
            "listed": name in subject.default_models(),
            "in_matrix": name in subject.roster(),
        }
        return frozenset(fact for fact, holds in said.items() if holds)

    @property
    def family(self) -> str:
        """The family that the model belongs to, or the name that a new one would have."""
        new = self.situation is Situation.NEW_FAMILY
        return family_name(self.evidence.architecture) if new else self.evidence.family

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields beyond the plain ones that the parsing must carry; a section is entered, not carried."""
        return tuple(chain.from_iterable(each for name, each in self.evidence.extras.items() if name != NESTING))

    def applies(self, condition: Applies) -> bool:
        """Whether a criterion is about such a model."""
        return {
            "always": True,
            "nested": NESTING in self.evidence.extras,
            "mtp": MTP in self.evidence.extras,
            "patterned": not self.evidence.uniform,
            "fields": bool(self.fields),
            "new_family": self.situation is Situation.NEW_FAMILY,
        }[condition]

    def requires(self, phase: int) -> bool:
        """Whether the situation asks for a phase; nothing works without a mapped architecture."""
        asked = any(each.number == phase and self.situation in each.situations for each in _file().phases)
        return asked or (phase == _REGISTRATION and not self.evidence.mapped)

    def waits(self, rule: Rule) -> bool:
        """Whether nothing is to be done for a criterion that can be judged only when the architecture is mapped."""
        return not self.evidence.mapped and not self.requires(rule.phase)

    def of(self, rule: Rule) -> list[Finding]:
        """Findings that decide a criterion.

        Of a model that the subject refuses, those that say why: errors repeat the refusal, and a pass says nothing.
        """
        found = [finding for check in checks_of(rule) for finding in self.findings.get(check.id, ())]
        if self.evidence.refusal and rule.phase > _CONFIG:
            return [finding for finding in found if finding.outcome is Outcome.FAIL]
        return [finding for finding in found if not (self.evidence.refusal and finding.outcome is Outcome.ERROR)]

    def why_left_out(self, rule: Rule) -> str:
        """Why a criterion that applies is not judged; empty if it is, or nothing in the model lets it be."""
        if self.waits(rule):
            return "the architecture must be mapped first"
        if self.evidence.refusal and rule.phase > _CONFIG and checks_of(rule):
            return "the release refuses the model"
        if any(check.id not in self.findings for check in checks_of(rule)):
            return "--estimates has it judged"
        return ""

    def words(self) -> dict[str, str]:
        """Words that what is to be done is told in."""
        fields, name = self.fields, self.model.name
        more = f" and {len(fields) - _NAMED_FIELDS} more" if len(fields) > _NAMED_FIELDS else ""
        return {
            "id": name if is_model_id(name) else UNKNOWN_ID,
            "file": config_file(name),
            "architecture": json.dumps(self.evidence.architecture)[1:-1],
            "family": self.family,
            "fields": ", ".join(fields[:_NAMED_FIELDS]) + more,
            "layers": self.evidence.layers,
            "moe": str(self.evidence.is_moe),
        }


def reports(standing: Standing) -> tuple[PhaseReport, ...]:
    """Where a model stands with each phase."""
    found = []
    for phase in _file().phases:
        criteria: list[Criterion] = []
        unjudged: dict[str, str] = {}
        for rule in rules():
            if rule.phase != phase.number or not standing.applies(rule.applies):
                continue
            criterion = _criterion(rule, standing)
            if criterion is not None:
                criteria.append(criterion)
            elif reason := standing.why_left_out(rule):
                unjudged[rule.id] = f"{rule.text} ({reason})"
        found.append(PhaseReport(phase.number, phase.title, standing.requires(phase.number), tuple(criteria), unjudged))
    return tuple(found)


def _criterion(rule: Rule, standing: Standing) -> Criterion | None:
    """A criterion's state; None where nothing was asked that could decide it."""
    if standing.waits(rule):
        return None
    needs_mapping = rule.phase > _CONFIG and bool(checks_of(rule))
    if rule.fact not in standing.facts or (needs_mapping and not standing.evidence.mapped):
        return Criterion(rule.id, rule.text, State.MISSING, rule.todo.format_map(standing.words()))
    found = standing.of(rule)
    wrong = tuple(finding for finding in found if standing.is_wrong(finding))
    if wrong:
        return Criterion(rule.id, rule.text, State.WRONG, f"{rule.hint} {_mend(wrong[0])}".strip(), wrong)
    if rule.fact or any(finding.outcome is not Outcome.SKIP for finding in found):
        return Criterion(rule.id, rule.text, State.DONE)
    return None


def _mend(finding: Finding) -> str:
    known = f" (known issue {finding.known_issue})" if finding.known_issue else ""
    about = f"{finding.about}: " if finding.about else ""
    expected = f"expected {finding.expected}, " if finding.expected else ""
    why = finding.arithmetic.splitlines()[0] if finding.expected and finding.arithmetic else ""
    because = f"; {why}" if why else ""
    return f"Mend {about}{expected}found {finding.actual}{because}{known}. Shown by: {finding.reproduce}"


def next_step(phases: tuple[PhaseReport, ...]) -> str:
    """The one thing to do next: the first open criterion of a phase that is required, else of any."""
    first = next(_open(phases, required=True), None) or next(_open(phases, required=False), None)
    if first is None:
        return "Nothing: every phase that this model requires is done."
    phase, criterion = first
    return f"Phase {phase.number}, {phase.title.lower()}: {criterion.todo}"


def _open(phases: tuple[PhaseReport, ...], *, required: bool) -> Iterator[tuple[PhaseReport, Criterion]]:
    return ((phase, criterion) for phase in phases if phase.required is required for criterion in phase.open)
