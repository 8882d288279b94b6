"""Every check by id, found by looking into `harness/checks/rules`: a new rule is one function there."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from harness.checks import rules
from harness.checks.records import Check, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.subjects.api import Capability

RuleT = TypeVar("RuleT", bound="Callable[..., object]")

_FOUND: dict[str, Check] = {}


def check(  # noqa: PLR0913 - a rule has that many sides
    name: str,
    *,
    phase: int,
    suite: str,
    lesson: int | None = None,
    needs: Iterable[Capability] = (),
    scope: Scope = Scope.MODEL,
) -> Callable[[RuleT], RuleT]:
    """Register the decorated function as a check.

    Args:
        name: Stable id.
        phase: Phase of the seed, 1 to 5.
        suite: Suite that runs it.
        lesson: Lesson of the seed that it guards.
        needs: What the subject must be able to do.
        scope: What one run looks at, which decides what the function takes.
    """

    def register(rule: RuleT) -> RuleT:
        if name in _FOUND:
            raise ValueError(f"two checks are called {name}")
        text = (rule.__doc__ or "").strip().splitlines()
        if not text:
            raise ValueError(f"check {name} has no docstring to say what it rules")
        _FOUND[name] = Check(name, phase, lesson, scope, suite, frozenset(needs), text[0], rule)
        return rule

    return register


@cache
def checks() -> Mapping[str, Check]:
    """Every check by id, by phase and then by name."""
    for module in pkgutil.iter_modules(rules.__path__):
        import_module(f"{rules.__name__}.{module.name}")
    return {entry.id: entry for entry in sorted(_FOUND.values(), key=lambda entry: (entry.phase, entry.id))}
