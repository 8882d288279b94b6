"""Phase 3: whether every way to write the same pattern of layers reads as the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.config_edits import changed, pattern_fields, respelled
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.errors import ConfigError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.subjects.api import Capability
from harness.subjects.models import BuildRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.config_edits import Raw, Spelling
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan


@check("pattern_forms", phase=3, lesson=6, suite="parsing", needs=[Capability.PARSE, Capability.BUILD])
def check_pattern_forms(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A pattern written as a list, a string, numbers, an interval or not at all reads and builds as the same model."""
    tried = 0
    for spelling in pattern_fields().spellings:
        edited = _edited(model, plan, spelling) if spelling.concerns(plan.architecture) else None
        if edited is None:
            continue
        tried += 1
        ref = model.subject.reference(edited, model.config.quantization)
        dropped = ", ".join(spelling.drops)
        why = f"{spelling.field} as {spelling.form}, without {dropped}: the same {len(plan.layers)} layers"
        try:
            parsed = model.subject.parse(ref)
            built = model.subject.build(BuildRequest(ref, precision="bf16"))
        except Exception as error:  # noqa: BLE001 - whatever the subject raises is the finding
            yield Mismatch(spelling.name, "the same model", f"{type(error).__name__}: {error}", why)
            continue
        if parsed != model.parsed:
            names = [
                name for name in parsed.__dataclass_fields__ if getattr(parsed, name) != getattr(model.parsed, name)
            ]
            yield Mismatch(spelling.name, f"the same {', '.join(names)}", _short(parsed, names), why)
        elif built != model.build():
            yield Mismatch(spelling.name, "the same ops", "others", why)
    if not tried:
        raise SkipCheck("the pattern of its layers has no other form that the reference reads")


def _edited(model: SubjectModel, plan: LayerPlan, spelling: Spelling) -> Raw | None:
    """The config in another spelling; None if that is the config itself, or the reference reads other layers."""
    raw, text = model.config.raw(), model.config.text()
    inner = text.raw()
    spelled = respelled(inner, spelling, plan.layers)
    if spelled is None or spelled == inner:
        return None
    edited = changed(raw, text.path, spelled) if text.path else spelled
    try:
        found = plan_for(HFConfig(model.config.source, edited, model.name, model.config.quantization))
    except ConfigError:
        return None
    return edited if found.layers == plan.layers else None


def _short(record: object, names: list[str]) -> str:
    return ", ".join(f"{name}={getattr(record, name)!r}"[:200] for name in names)
