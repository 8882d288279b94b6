"""One estimate of a model, op by op, beside what physics allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.estimating import BASE, deployed
from harness.checks.records import SkipCheck
from harness.reference import roofline
from harness.results.model_records import Bound, Breakdown, OpTime
from harness.results.plausibility import bounds_of
from harness.subjects.api import Failure
from harness.subjects.models import OpKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.checks.estimating import Deployment
    from harness.checks.subject_model import SubjectModel
    from harness.coordinates import Database
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuiltModel, EstimateRequest

_GIB = 1 << 30


def breakdown_on(model: SubjectModel, plan: LayerPlan, database: Database, place: int) -> Breakdown | str:
    """The estimate of a batch on a database, in the layout that checks look at; or why there is none.

    Args:
        model: The model.
        plan: The reference's reading of it.
        database: Whose tables to price from.
        place: Its place in the list that the record points into.
    """
    try:
        where = deployed(model, plan, database)
    except SkipCheck as reason:
        return f"{database}: {reason}"
    request = where.request(**BASE)
    answer = where.ask(request)
    if isinstance(answer, Failure):
        return f"{database}: {answer.messages[-1]}"
    built, steps = model.build(where.build), max(request.osl - 1, 1)
    first, step = _bounds(model, where, request)
    return Breakdown(
        database=place,
        layout=str(where.build.layout),
        gpus=where.build.layout.gpus,
        data_mode=where.data_mode.value,
        batch=request.batch,
        isl=request.isl,
        osl=request.osl,
        ttft_ms=answer.ttft_ms,
        tpot_ms=answer.tpot_ms,
        prefill=_times(answer.prefill_ms, built, 1),
        decode=_times(answer.decode_ms, built, steps),
        prefill_bound=first,
        decode_bound=step,
        memory_gib=tuple((name, size / _GIB) for name, size in answer.memory.items() if name != "total"),
        reproduce=where.snippet(request),
    )


def _times(times: Mapping[str, float], built: BuiltModel, steps: int) -> tuple[OpTime, ...]:
    kinds = {op.name: op.kind for op in (*built.prefill, *built.decode)}
    kinds |= {op.alternative: op.kind for op in (*built.prefill, *built.decode) if op.alternative}
    return tuple(
        OpTime(name=name, kind=str(kinds.get(name, OpKind.OTHER)), ms=time / steps) for name, time in times.items()
    )


def _bounds(model: SubjectModel, where: Deployment, request: EstimateRequest) -> tuple[Bound, Bound]:
    """Lower bounds of the prefill and of a decode step."""
    bounds, gpu = bounds_of(model.config), roofline.system(where.database.system)
    sequences = request.batch * where.build.layout.dp
    prompt, context = request.isl - request.prefix, request.isl
    first = bounds.prefill(gpu, where.division, batch=sequences, isl=prompt, prefix=request.prefix)
    step = bounds.decode(gpu, where.division, batch=sequences, context=context)
    prefill, decode = (Bound(compute=each.compute, memory=each.memory, links=each.links) for each in (first, step))
    return prefill, decode
