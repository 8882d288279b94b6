"""Phase 4: the bytes of a model's weights at 16 bits on one GPU, component by component and in both phases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.bytes_by_component import WIDE, Sorter, percent, total
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.checks.variants import once
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.checks.bytes_by_component import Bucket, Holding, Tensor
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuildRequest

_LISTED = 8


@check("weights", phase=4, lesson=3, suite="memory", needs=[Capability.BUILD])
def check_weights(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Each component's ops hold exactly the bytes of its tensors, at 16 bits on one GPU."""
    sorter = Sorter(plan)
    yield from once({backend: _of_backend(model, sorter, model.request(backend=backend)) for backend in BACKENDS})


def _of_backend(model: SubjectModel, sorter: Sorter, request: BuildRequest) -> list[Mismatch]:
    built = model.build(request)
    phases = {"prefill": built.prefill, "decode": built.decode}
    return once(
        {
            phase: [
                mismatch for bucket in sorter.buckets(built, ops) for mismatch in _different(model, request, bucket)
            ]
            for phase, ops in phases.items()
        }
    )


def _different(model: SubjectModel, request: BuildRequest, bucket: Bucket) -> Iterator[Mismatch]:
    holding = bucket.holding(len(model.plan.layers))
    if holding and not holding.about:
        return
    # The same width for small tensors as the subject's reading has, so that the difference is what is wrong.
    expected = replace(holding, tensors=bucket.tensors).size if holding else total(bucket.tensors)
    yield Mismatch(
        about=f"{bucket.name}.{holding.about if holding else _direction(bucket)}",
        expected=f"{expected:,} bytes",
        actual=f"{bucket.actual:,.0f} bytes ({percent(bucket.actual - expected, expected)})",
        arithmetic=_arithmetic(bucket, holding),
        snippet=model.build_snippet(request, *dict.fromkeys(op.name for op in bucket.ops)),
    )


def _direction(bucket: Bucket) -> str:
    if not bucket.actual:
        return "missing"
    if not bucket.tensors:
        return "unexpected"
    return "more" if bucket.actual > total(bucket.tensors) else "less"


def _arithmetic(bucket: Bucket, holding: Holding | None) -> str:
    reference = f"2 bytes x ({_listed(bucket.tensors)})" if bucket.tensors else "no such tensor"
    ops = " + ".join(f"{op.name} {op.weight_bytes:,.0f}" for op in bucket.ops) or "no op"
    return f"reference: {reference}; subject: {ops}{_explained(bucket, holding)}"


def _explained(bucket: Bucket, holding: Holding | None) -> str:
    if holding is None:
        return ""
    if holding.about == "layers":
        counts = {len(tensor.layers) for tensor in holding.tensors}
        return f"; that is {holding.layers} layers, not {counts.pop()}"
    lacking = tuple(tensor for tensor in bucket.tensors if tensor not in holding.tensors)
    wide = ", small tensors in 32 bits" if holding.vector_bytes == WIDE else ""
    return f"; exactly {_listed(lacking)} is left out, {replace(holding, tensors=lacking).size:,} bytes{wide}"


def _listed(tensors: Iterable[Tensor]) -> str:
    names = [str(tensor) for tensor in tensors]
    more = f" + {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return " + ".join(names[:_LISTED]) + more


@check("weights_prefill_equals_decode", phase=4, lesson=3, suite="memory", needs=[Capability.BUILD])
def check_weights_prefill_equals_decode(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Prefill and decode run on the same tensors, and the memory model adds up what the ops hold."""
    sorter = Sorter(plan)
    yield from once({backend: _phases(model, sorter, model.request(backend=backend)) for backend in BACKENDS})


def _phases(model: SubjectModel, sorter: Sorter, request: BuildRequest) -> Iterator[Mismatch]:
    built = model.build(request)
    decode = {bucket.name: bucket for bucket in sorter.buckets(built, built.decode)}
    for bucket in sorter.buckets(built, built.prefill):
        other = decode.pop(bucket.name)
        if bucket.actual != other.actual:
            ops = (*bucket.ops, *other.ops)
            yield Mismatch(
                about=bucket.name,
                expected="the same bytes in both phases",
                actual=f"prefill {bucket.actual:,.0f}, decode {other.actual:,.0f}",
                arithmetic=" + ".join(f"{op.name} {op.weight_bytes:,.0f}" for op in ops),
                snippet=model.build_snippet(request, *dict.fromkeys(op.name for op in ops)),
            )
    for phase, ops in (("prefill", built.prefill), ("decode", built.decode)):
        held, stated = sum(op.weight_bytes for op in ops if not op.alternative), built.weight_bytes[phase]
        if held != stated:
            yield Mismatch(
                about=f"{phase}.total",
                expected=f"{held:,.0f} bytes, the sum of the ops",
                actual=f"{stated:,.0f} bytes in the memory model",
                arithmetic=f"{len(ops)} ops, those that price the same layers a second way left out",
                snippet=model.build_snippet(request),
            )
