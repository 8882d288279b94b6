"""Phase 3: whether every way to write the same pattern of layers reads as the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.config_edits import pattern_fields
from harness.checks.edited_models import edited
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.checks.subject_model import unlike
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan


@check("pattern_forms", phase=3, lesson=6, suite="parsing", needs=[Capability.PARSE, Capability.BUILD])
def check_pattern_forms(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A pattern written as a list, a string, numbers, an interval or not at all reads and builds as the same model."""
    lab, tried = edited(model), 0
    for spelling in pattern_fields().spellings:
        variant = lab.spelled(spelling) if spelling.concerns(plan.architecture) else None
        if variant is None:
            continue
        tried += 1
        dropped = ", ".join(spelling.drops)
        why = f"{spelling.field} as {spelling.form}, without {dropped}: the same {len(plan.layers)} layers"
        refused, refused_as_it_is = _refusal(variant), _refusal(lab.base)
        if refused and refused_as_it_is:
            raise SkipCheck(f"the subject refuses the config in this form too: {refused_as_it_is}")
        if refused or refused_as_it_is:
            about = spelling.name if refused else f"not.{spelling.name}"
            yield Mismatch(about, "the same model", refused or refused_as_it_is, why)
            continue
        parsed, built = variant.parsed, variant.build()
        different = {name: value for name, _, value in unlike(lab.base.parsed, parsed)}
        if different:
            said = ", ".join(f"{name}={value!r}"[:200] for name, value in different.items())
            yield Mismatch(spelling.name, f"the same {', '.join(different)}", said, why)
        elif built != lab.base.build():
            yield Mismatch(spelling.name, "the same ops", "others", why)
    if not tried:
        raise SkipCheck("the pattern of its layers has no other form that the reference reads")


def _refusal(model: SubjectModel) -> str:
    """What the subject raises instead of an answer; empty if it answers."""
    try:
        _ = model.parsed, model.build()
    except Exception as error:  # noqa: BLE001 - whatever the subject raises is the finding
        return f"{type(error).__name__}: {error}"
    return ""
