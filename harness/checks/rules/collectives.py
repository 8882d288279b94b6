"""Phase 4: whether ranks exchange activations as often as their layout makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks import counting
from harness.checks.counting import joined, number, phases, same
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.reference.ffns import Moe
from harness.reference.mixers import Both
from harness.subjects.api import Capability, Layout
from harness.subjects.models import BACKENDS, OpKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import Layer, LayerPlan
    from harness.subjects.models import BuildRequest, Op

_RANKS = 8


@check("tensor_collectives", phase=4, suite="scale_factors", needs=[Capability.BUILD])
def check_tensor_collectives(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Tensor-parallel ranks add up once behind each mixer, once behind each feed-forward, and once for the embedding.

    Every rank then holds every token, so a dispatch to experts needs no exchange of its own: a pair of dispatch and
    combine stands for the sum behind the mixer and the sum behind the experts.
    """
    if not counting.divides(plan, counting.layout_of(plan, _RANKS)):
        return
    layouts = {"tp8": counting.layout_of(plan, _RANKS, expert_parallel=False)}
    if plan.is_moe:
        layouts["ep8"] = counting.layout_of(plan, _RANKS)
    for name, layout in layouts.items():
        requests = {backend: model.request(layout, backend=backend) for backend in BACKENDS}
        yield from joined(
            {backend: list(_reductions(model, plan, name, request)) for backend, request in requests.items()}
        )


def _reductions(model: SubjectModel, plan: LayerPlan, name: str, request: BuildRequest) -> Iterator[Mismatch]:
    built = model.offered(request)
    least, most = sums_due(plan)
    mixers = sum(layer.mixer.kind != "none" for layer in plan.layers)
    for phase, ops in phases(built):
        charged = _charged(op for op in ops if op.part != "embedding")
        if not (charged >= least or same(charged, least)) or not (charged <= most or same(charged, most)):
            wanted = str(least) if least == most else f"{least} to {most}"
            yield Mismatch(
                f"{name}.{phase}.layers",
                wanted,
                _listed(ops),
                f"{mixers} mixers and {least - mixers} feed-forwards in {len(plan.layers)} layers, each ends in a "
                f"projection whose inputs {_RANKS} ranks share: {wanted} sums before the next norm",
                model.build_snippet(request),
            )
        yield from _embedding(model, plan, f"{name}.{phase}.embedding", ops, request)


def _embedding(
    model: SubjectModel, plan: LayerPlan, about: str, ops: Sequence[Op], request: BuildRequest
) -> Iterator[Mismatch]:
    tables = [op for op in ops if op.component == "embedding"]
    divided = any(op.rows < plan.vocab for op in tables)
    charged = _charged(op for op in ops if op.part == "embedding")
    if tables and not same(charged, int(divided)):
        rows = tables[0].rows
        why = f"each rank holds {rows} of {plan.vocab} rows, so a token's row is on " + (
            "one of them" if divided else "all of them"
        )
        yield Mismatch(about, str(int(divided)), number(charged), why, model.build_snippet(request))


def _charged(ops: Iterator[Op]) -> float:
    return sum(op.count * op.collectives for op in ops if not op.alternative)


def _listed(ops: Sequence[Op]) -> str:
    charging = [op for op in ops if op.collectives and op.part != "embedding"]
    listed = " + ".join(f"{number(op.count * op.collectives)} {op.name}" for op in charging)
    return f"{number(_charged(iter(charging)))}: {listed}" if charging else "0"


def sums_due(plan: LayerPlan) -> tuple[int, int]:
    """Least and most sums over ranks that the layers need.

    Two branches whose outputs are added up before anything else are summed at once, unless each has a norm behind
    it; whether an engine sums branches at once is then its choice.
    """
    least = sum(int(layer.mixer.kind != "none") + int(layer.ffn.kind != "none") for layer in plan.layers)
    return least, least + sum(_branches(layer) for layer in plan.layers)


def _branches(layer: Layer) -> int:
    ffn = layer.ffn
    beside = isinstance(ffn, Moe) and (ffn.beside is not None or bool(ffn.latent and ffn.shared_inner))
    return int(beside) + int(isinstance(layer.mixer, Both))


@check("expert_exchanges", phase=4, suite="scale_factors", needs=[Capability.BUILD])
def check_expert_exchanges(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Attention-parallel ranks send tokens to the experts and back once for each expert layer, and nothing else."""
    if not plan.is_moe:
        return
    layout = Layout(tp=1, pp=1, dp=_RANKS, moe_tp=1, moe_ep=_RANKS, cp=1)
    requests = {backend: model.request(layout, backend=backend) for backend in BACKENDS}
    yield from joined({backend: list(_exchanges(model, request)) for backend, request in requests.items()})


def _exchanges(model: SubjectModel, request: BuildRequest) -> Iterator[Mismatch]:
    for phase, ops in phases(model.offered(request)):
        layers = sum(op.count for op in ops if op.kind is OpKind.MOE)
        charged = _charged(iter(ops))
        if not same(charged, 2 * layers):
            yield Mismatch(
                f"dp8.{phase}",
                number(2 * layers),
                _listed(ops),
                f"{number(layers)} expert layers are priced, each with one way there and one back; attention and "
                "dense feed-forwards stay on their rank",
                model.build_snippet(request),
            )
