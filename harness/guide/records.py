"""What an assessment says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.checks.records import Finding


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
        kinds: `(mixer, ffn)` with the number of layers, in order of first appearance.
        uncovered: Those of them that the family's ops do not price.
        extras: Fields beyond the plain ones, by what they are for: `MTP`, `MLA`, `nesting`, `pattern`.
        pattern: How the config spells the per-layer pattern: `list`, `scalar` or empty.
        unread: Fields that the plan depends on and the subject never reads.
        quantization: How the checkpoint is stored.
        uncertain: What the config does not say for certain; empty where a recipe reads it.
    """

    architecture: str
    mapped: bool
    family: str
    kinds: tuple[tuple[tuple[str, str], int], ...]
    uncovered: tuple[tuple[str, str], ...]
    extras: tuple[tuple[str, tuple[str, ...]], ...]
    pattern: str
    unread: tuple[str, ...]
    quantization: str
    uncertain: tuple[str, ...] = ()

    @property
    def uniform(self) -> bool:
        """Whether all layers are of one kind."""
        return len(self.kinds) == 1


@dataclass(frozen=True, slots=True)
class Criterion:
    """One done-criterion of a phase.

    Attributes:
        text: What must hold.
        state: Whether it does.
        findings: What is wrong.
    """

    text: str
    state: State
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """One phase: whether the situation requires it, and its criteria."""

    phase: int
    title: str
    required: bool
    criteria: tuple[Criterion, ...]
