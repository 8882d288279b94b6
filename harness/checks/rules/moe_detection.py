"""Phase 4: whether the subject knows which models are mixtures of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan


@check("is_moe", phase=4, lesson=3, suite="moe_detection", needs=[Capability.PARSE])
def check_is_moe(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """The subject takes a model for a mixture of experts exactly when a layer has routed experts."""
    if model.is_moe is not plan.is_moe:
        layers = sum("moe" in layer.ffn.kind for layer in plan.layers)
        yield Mismatch(
            about="is_moe",
            expected=str(plan.is_moe),
            actual=str(model.is_moe),
            arithmetic=f"{layers} of {len(plan.layers)} layers have routed experts",
            snippet=model.parse_snippet(),
        )
