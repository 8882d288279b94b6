"""Phase 3: a field that decides what a model is made of decides something in the subject's answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.config_edits import changed
from harness.checks.edited_models import edited
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.errors import HarnessError
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import count_parameters
from harness.reference.layers import OUTSIDE
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.config_edits import Raw
    from harness.checks.edited_models import EditedModels
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan

_LENGTHS = (128, 131072)
"""Tokens, below and above the usual windows."""


@check("field_sensitivity", phase=3, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_field_sensitivity(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """Where another value of a field changes the model's counts, it changes the subject's answer."""
    lab = edited(model)
    before = counts(lab.plan)
    # A config that the subject refuses as it is says nothing about fields; what it raises is the finding.
    answer = lab.base.parsed, lab.vector(lab.base)
    for field in lab.base.config.text().fields():
        for value in _others(lab.text.get(field)):
            variant = lab.model(lab.with_text(_with(lab.text, field, value)))
            after = _counts(variant)
            if after is None or after == before:
                continue
            if _answer(variant, lab) == answer:
                moved = [name for name in after if after[name] != before.get(name)]
                moved += [name for name in before if name not in after]
                yield Mismatch(
                    about=field,
                    expected=f"another answer for {field} = {value} than for {lab.text[field]}",
                    actual="the same fields, ops, weights and cache",
                    arithmetic="; ".join(
                        f"{name} {before.get(name, 0):,} -> {after.get(name, 0):,}" for name in moved[:4]
                    ),
                )
            break


def _with(text: Raw, field: str, value: object) -> Raw:
    """The config with another value of a field, and of what repeats it under a longer name (`sliding_window_size`)."""
    result = changed(text, field, value)
    for name, other in text.items():
        if name.startswith(f"{field}_") and other == text[field] and type(other) is type(text[field]):
            result = changed(result, name, value)
    return result


def _others(value: object) -> tuple[object, ...]:
    """Other values that may be legal, the likeliest first."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return tuple(other for other in (2 * value, value // 2, value + 1, value - 1) if other > 0 and other != value)
    return ()


def _counts(variant: SubjectModel) -> Counter[str] | None:
    try:
        return counts(variant.plan)
    except HarnessError:
        return None


def counts(plan: LayerPlan) -> Counter[str]:
    """What a plan's text decoder counts: parameters, cache and layers of each kind."""
    parameters = count_parameters(replace(plan, towers=()))
    result = Counter({name: size for name, size in parameters.by_component.items() if name not in OUTSIDE})
    result["active parameters"] = parameters.active
    for length in _LENGTHS:
        result[f"cache bytes at {length} tokens"] = kv_cache_bytes(plan.layers, length)
    result["state bytes"] = state_bytes(plan.layers)
    result.update(f"layers {'+'.join(layer.kinds)}" for layer in plan.layers)
    return result


def _answer(variant: SubjectModel, lab: EditedModels) -> object:
    try:
        parsed, built = variant.parsed, lab.vector(variant)
    except Exception as error:  # noqa: BLE001 - a value that the subject refuses is a value that it reads
        return type(error), str(error)
    return parsed, built
