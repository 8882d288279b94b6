"""The done-criteria as data: complete, and decided by the checks they name."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase

import pytest

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.guide.phases import boxes, checks_of, rules

RULES = {rule.id: rule for rule in rules()}


def test_ids_are_unique_and_phases_are_five() -> None:
    assert len(RULES) == len(rules())
    assert {rule.phase for rule in rules()} == {1, 2, 3, 4, 5}


def test_every_check_of_a_model_decides_exactly_one_criterion() -> None:
    decided = Counter(check.id for rule in rules() for check in checks_of(rule))
    wanted = {check.id for check in checks().values() if check.scope in (Scope.MODEL, Scope.ESTIMATE)}
    assert decided == Counter(wanted)


def test_a_new_check_falls_to_the_rest_of_its_phase() -> None:
    assert Counter(rule.phase for rule in rules() if rule.rest) == Counter(range(1, 6))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_every_pattern_names_a_check(rule: object) -> None:
    names = list(checks())
    for pattern in RULES[rule.id].checks:  # type: ignore[attr-defined] # pytest knows no types
        assert any(fnmatchcase(name, pattern) for name in names), pattern


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_every_criterion_is_decided_by_something_and_says_what_to_do(rule: object) -> None:
    found = RULES[rule.id]  # type: ignore[attr-defined] # pytest knows no types
    assert found.fact or checks_of(found)
    assert found.todo.endswith(".")


def test_checks_come_in_the_order_of_the_criterion() -> None:
    names = [check.id for check in checks_of(RULES["parameters"])]
    assert names == ["parsed_parameters", "field_sensitivity"]


def test_the_checklist_has_the_boxes_of_the_guide_and_each_criterion_once() -> None:
    assert len(boxes()) == 12
    named = Counter(name for box in boxes() for name in box.criteria)
    assert named == Counter(RULES.keys())
    assert all(bool(box.criteria) != bool(box.by_hand) for box in boxes())
