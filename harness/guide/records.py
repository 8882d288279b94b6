"""What an assessment says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.checks.records import Finding
    from harness.coordinates import Database
    from harness.guide.nearest import Neighbour
    from harness.subjects.models import Measured

Kinds = tuple[str, str]
"""Kind of mixer and kind of feed-forward of a layer."""


class Situation(StrEnum):
    """How much work a model is, in the words of the seed."""

    SAME_OPS = "S1"
    """Existing family, same ops."""
    NEW_FIELDS = "S2"
    """Existing family, config fields beyond the plain ones."""
    NEW_FAMILY = "S3"
    """A layer kind or a combination of kinds that no family prices."""


class State(StrEnum):
    """Where a done-criterion stands."""

    DONE = "done"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the situation was decided from.

    Attributes:
        architecture: Class that the config declares.
        mapped: The subject knows the architecture.
        family: Family that it maps to, or the one that comes nearest; empty if none does.
        kinds: Kinds of layers with the number of layers, in order of first appearance.
        uncovered: Those of them that the family's ops do not price.
        extras: Fields beyond the plain ones, by what they are for, such as `MTP`, `MLA`, `nesting`, `pattern`.
        pattern: How the config spells the per-layer pattern: `list`, `scalar` or empty.
        unread: Fields that the plan depends on and the subject never reads.
        quantization: How the checkpoint is stored.
        refusal: What the subject raises instead of building the model; empty if it builds it.
        uncertain: What the config does not say for certain; empty where a recipe reads it.
        neighbours: Known architectures that come nearest; empty for one that the subject maps.
        unlike: A model of the family that the subject takes for dense where this one has experts, or the other way
            round; empty if there is none.
    """

    architecture: str
    mapped: bool
    family: str
    kinds: tuple[tuple[Kinds, int], ...]
    uncovered: tuple[Kinds, ...]
    extras: Mapping[str, tuple[str, ...]]
    pattern: str
    unread: tuple[str, ...]
    quantization: str
    refusal: str = ""
    uncertain: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    unlike: str = ""

    @property
    def uniform(self) -> bool:
        """Whether all layers are of one kind."""
        return len(self.kinds) == 1

    @property
    def is_moe(self) -> bool:
        """Whether a layer has routed experts."""
        return any("moe" in ffn for (_, ffn), _ in self.kinds)

    @property
    def layers(self) -> str:
        """The kinds of layers in words."""
        return ", ".join(f"{count} x {mixer}+{ffn}" for (mixer, ffn), count in self.kinds)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "architecture": self.architecture,
            "mapped": self.mapped,
            "family": self.family,
            "uniform": self.uniform,
            "layer_kinds": [{"mixer": mixer, "ffn": ffn, "layers": count} for (mixer, ffn), count in self.kinds],
            "covered": [list(kinds) for kinds, _ in self.kinds if kinds not in self.uncovered],
            "uncovered": [list(kinds) for kinds in self.uncovered],
            "fields_beyond_plain": {name: list(fields) for name, fields in self.extras.items()},
            "pattern": self.pattern,
            "unread_fields": list(self.unread),
            "quantization": self.quantization,
            "refusal": self.refusal,
            "uncertain": list(self.uncertain),
            "nearest": [neighbour.document() for neighbour in self.neighbours],
        }


@dataclass(frozen=True, slots=True)
class Criterion:
    """One done-criterion of a phase.

    Attributes:
        id: Stable name.
        text: What must hold.
        state: Whether it does.
        todo: What to do where it does not; empty where it does.
        findings: What is wrong.
    """

    id: str
    text: str
    state: State
    todo: str = ""
    findings: tuple[Finding, ...] = ()

    def document(self) -> dict[str, object]:
        """As JSON has it: the first finding, and the others beside it."""
        documents = [finding.document() for finding in self.findings]
        return {
            "id": self.id,
            "text": self.text,
            "state": str(self.state),
            "finding": documents[0] if documents else None,
            "further_findings": documents[1:],
            "todo": self.todo,
        }


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """One phase.

    Attributes:
        number: 1 to 5.
        title: What it is about.
        required: The situation asks for it.
        criteria: Those that apply to the model and could be judged.
        unjudged: Criteria that apply and were not judged, by id with their text.
    """

    number: int
    title: str
    required: bool
    criteria: tuple[Criterion, ...]
    unjudged: Mapping[str, str]

    @property
    def open(self) -> tuple[Criterion, ...]:
        """Criteria that keep the phase from being done: all that are wrong, and missing ones where it is required."""
        missing = self.required
        return tuple(
            each for each in self.criteria if each.state is State.WRONG or (missing and each.state is State.MISSING)
        )

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "phase": self.number,
            "title": self.title,
            "required": self.required,
            "criteria": [criterion.document() for criterion in self.criteria],
            "not_judged": list(self.unjudged.values()),
        }


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the integration checklist.

    Attributes:
        phase: 1 to 5.
        text: What is to be there.
        ticked: It was verified, or the model does not need it.
        remark: Why it is ticked without anything to see, or what keeps it from being ticked.
    """

    phase: int
    text: str
    ticked: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where a model stands with a subject.

    Attributes:
        model: HuggingFace id or path.
        layers: The plan in one line.
        situation: Which situation it is.
        reasons: Why, in sentences.
        evidence: What that was decided from.
        phases: The five phases.
        coverage: Where the layers that need measured tables have them.
        databases: The newest version of every system and backend that the subject can load.
        boxes: The integration checklist.
        next_step: One action.
    """

    model: str
    layers: str
    situation: Situation
    reasons: tuple[str, ...]
    evidence: Evidence
    phases: tuple[PhaseReport, ...]
    coverage: tuple[Measured, ...]
    databases: tuple[Database, ...]
    boxes: tuple[Box, ...]
    next_step: str

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not any(phase.open for phase in self.phases)

    def document(self) -> dict[str, object]:
        """The answer of `assess --json`."""
        return {
            "model": self.model,
            "situation": str(self.situation),
            "reasons": list(self.reasons),
            "layers": self.layers,
            "evidence": self.evidence.document(),
            "phases": [phase.document() for phase in self.phases],
            "data_coverage": [
                {
                    "layers": measured.need.kind,
                    "sizes": dict(measured.need.sizes),
                    "table_exists": measured.known,
                    "measured_on": [str(database) for database in measured.databases],
                    "not_measured_on": [str(each) for each in self.databases if each not in measured.databases],
                }
                for measured in self.coverage
            ],
            "next_step": self.next_step,
        }
