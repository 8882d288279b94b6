"""Whether measured data exist for what a plan needs, so that one knows whether collection is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.ffns import Moe
from harness.subjects.api import Capability
from harness.subjects.models import Need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.reference.layers import LayerPlan
    from harness.subjects.models import Measured, ModelSubject

_SIZES = ("hidden", "heads", "kv_heads", "k_heads", "v_heads", "dim", "k_dim", "v_dim", "kv_rank", "reach", "state")
"""Dimensions that tables may distinguish, by the names of the reference's layers."""


def coverage(subject: ModelSubject, plan: LayerPlan) -> tuple[Measured, ...]:
    """Where the plan's layers are measured, one entry for each different need; none if the subject cannot say."""
    if Capability.TABLES not in subject.capabilities:
        return ()
    return subject.measured(needs(plan))


def needs(plan: LayerPlan) -> tuple[Need, ...]:
    """What the layers of a plan need, without repetition, in order of first appearance."""
    return tuple(dict.fromkeys(need for layer, _, _ in plan.distinct for need in _of(layer.mixer, layer.ffn)))


def _of(mixer: object, ffn: object) -> Iterator[Need]:
    for part in (getattr(mixer, "first", mixer), getattr(mixer, "second", None)):
        kind = str(getattr(part, "kind", "none"))
        if part is not None and kind != "none":
            sizes = ((name, getattr(part, name, None)) for name in _SIZES)
            yield Need(kind, tuple((name, size) for name, size in sizes if isinstance(size, int)))
    if isinstance(ffn, Moe):
        width = ffn.latent or ffn.hidden
        yield Need(ffn.kind, (("width", width), ("inner", ffn.inner), ("top", ffn.top), ("experts", ffn.experts)))
