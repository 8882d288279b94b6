"""Checks that tests make up, and a subject that is asked nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from harness.checks.records import Check, Finding, Mismatch, Outcome, Pair, Scope, Target
from harness.coordinates import Database
from tests.fakes.subjects import FakeSubject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.subjects.api import Capability
    from harness.subjects.models import ModelSubject

MODEL = "Qwen/Qwen3-0.6B"
WRONG = Mismatch("layers", "28", "29", "num_hidden_layers = 28", "print(29)")


@dataclass
class SystemsSubject(FakeSubject):
    """Knows two systems and three databases."""

    def system_names(self) -> tuple[str, ...]:
        return ("h100_sxm", "h200_sxm")

    def databases(self) -> tuple[Database, ...]:
        return (
            Database("h100_sxm", "vllm", "1.0.0"),
            Database("h200_sxm", "vllm", "1.0.0"),
            Database("h200_sxm", "vllm", "2.0.0"),
        )


def fake_subject(**fields: object) -> ModelSubject:
    """A subject that is asked nothing about models."""
    return cast("ModelSubject", SystemsSubject({}, **fields))  # type: ignore[arg-type]


def made_up(  # noqa: PLR0913 - as many as a check has sides
    run: Callable[..., object],
    name: str = "made_up",
    *,
    scope: Scope = Scope.MODEL,
    phase: int = 4,
    suite: str = "families",
    needs: Iterable[Capability] = (),
) -> Check:
    """A check that is in no registry."""
    return Check(name, phase, None, scope, suite, frozenset(needs), "A rule.", run)


def finding(outcome: Outcome = Outcome.FAIL, about: str = "layers", target: Target | None = None) -> Finding:
    """A finding of a made-up check."""
    return Finding("made_up", 4, None, target or Target(MODEL), "fake 1.0", outcome, about, "28", "29", "because")


def pair(check: Check, target: Target | None = None) -> Pair:
    """A check on a small model."""
    return Pair(check, target or Target(MODEL))
