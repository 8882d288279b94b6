"""The registry: a rule is a function, and what it lacks is told when it is declared."""

from __future__ import annotations

import pytest

from harness.checks.records import Scope
from harness.checks.registry import check, checks
from harness.subjects.api import Capability


def test_a_check_is_registered_with_its_sides() -> None:
    found = checks()["is_moe"]
    assert (found.id, found.phase, found.lesson, found.suite, found.scope) == (
        "is_moe",
        4,
        3,
        "moe_detection",
        Scope.MODEL,
    )
    assert found.needs == {Capability.PARSE}
    assert found.text.startswith("The subject takes a model for a mixture of experts")


def test_checks_stand_by_phase_and_then_by_id() -> None:
    order = [(each.phase, each.id) for each in checks().values()]
    assert order == sorted(order)


def test_a_second_check_of_the_same_id_is_refused() -> None:
    checks()
    with pytest.raises(ValueError, match="two checks are called is_moe"):
        check("is_moe", phase=4, suite="families")(test_checks_stand_by_phase_and_then_by_id)


def test_a_check_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no docstring"):
        check("wordless", phase=4, suite="families")(lambda *_: ())


def test_every_check_belongs_to_a_phase_and_says_its_rule_in_a_sentence() -> None:
    for each in checks().values():
        assert each.phase in range(1, 6), each.id
        assert each.lesson in (None, *range(1, 7)), each.id
        assert each.text.endswith("."), each.id
