"""Layer patterns that nobody wrote down: the subject's answer is the sum of what each layer adds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.checks.edited_models import EditedModels, difference, edited, part_of, shown, total
from harness.checks.records import SkipCheck
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from harness.checks.edited_models import Vector
    from harness.subjects.models import ModelSubject

_MOST_LAYERS = 24
_SURE = ("appended_layer", "doubled_layers", "reordered_layers")
"""Checks without whose rules no sum can be formed; a model that fails one is in the known issues already."""


@cache
def models() -> dict[str, str]:
    """One model of each architecture that has layers of more than one kind."""
    result: dict[str, str] = {}
    for name in stored_models():
        model = SubjectModel(cast("ModelSubject", None), HFConfig.load(name))
        if len(model.plan.distinct) > 1:
            result.setdefault(model.plan.architecture, name)
    return result


@cache
def laboratory(architecture: str) -> tuple[SubjectModel, EditedModels]:
    model = SubjectModel(load_subject(), HFConfig.load(models()[architecture]))
    return model, edited(model)


@cache
def wrong_already(architecture: str) -> str:
    """What the fixed checks find about how the layers of a model add up."""
    model, _ = laboratory(architecture)
    for name in _SURE:
        try:
            for mismatch in cast("Any", checks()[name].run(model, model.plan)):
                if not mismatch.about.endswith(".growth"):
                    return f"{name} finds {mismatch.about}"
        except SkipCheck:
            continue
    return ""


@cache
def added(architecture: str) -> tuple[Vector, ...]:
    """What one more layer of each kind adds."""
    _, lab = laboratory(architecture)
    base = lab.vector(lab.base)
    variants = [lab.appended(place) for _, _, place in lab.kinds]
    return tuple(difference(lab.vector(variant), base) if variant else {} for variant in variants)


@pytest.mark.parametrize("architecture", sorted(models()))
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answer_is_the_sum_of_its_layers(architecture: str, data: st.DataObject) -> None:
    if reason := wrong_already(architecture):
        pytest.skip(reason)
    _, lab = laboratory(architecture)
    first = [lab.plan.layers.index(layer) for _, layer, _ in lab.kinds]
    # Every kind stays, for a subject may refuse a model that has lost what makes it of its family.
    order = data.draw(st.lists(st.sampled_from(first), max_size=_MOST_LAYERS).map(lambda more: more + first))
    order = data.draw(st.permutations(order))
    # Where only the number of the first layers can be told, the kinds must stand in that order.
    variant = lab.arranged(order) or lab.arranged(sorted(order))
    assume(variant is not None)
    assert variant is not None
    layers = lab.plan.layers
    more = [variant.plan.layers.count(layer) - layers.count(layer) for _, layer, _ in lab.kinds]
    due = total(zip(more, added(architecture), strict=True))
    moved = difference(lab.vector(variant), lab.vector(lab.base))
    for part in ("runs", "bytes", "cache"):
        rest = difference(part_of(moved, part), part_of(due, part))
        assert not rest, f"{lab.plan} became {variant.plan}: {part} differ from the sum by {shown(rest)}"
