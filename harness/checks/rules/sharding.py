"""Phase 4: how much of each component's weights one GPU of a layout holds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from harness.checks.bytes_by_component import SIXTEEN_BIT, Holding, Sorter
from harness.checks.counting import divides, layout_of
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.checks.subject_model import Refusal
from harness.checks.variants import once
from harness.reference.counting import ranks
from harness.subjects.api import Capability, Layout
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.bytes_by_component import Bucket
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuildRequest

_DENSE = {
    "tp2": Layout(2, 1, 1, 2, 1, 1),
    "tp4": Layout(4, 1, 1, 4, 1, 1),
    "tp8": Layout(8, 1, 1, 8, 1, 1),
    "pp2": Layout(1, 2, 1, 1, 1, 1),
    "pp4": Layout(1, 4, 1, 1, 1, 1),
}
_RANKS = (1, 2, 4, 8)
_EXPERTS = {
    "tp2_ep2": Layout(2, 1, 1, 1, 2, 1),
    "tp8_ep8": Layout(8, 1, 1, 1, 8, 1),
    "tp8_ep2": Layout(8, 1, 1, 4, 2, 1),
    "dp8_ep8": Layout(1, 1, 8, 1, 8, 1),
}


@check("sharding", phase=4, lesson=3, suite="memory", needs=[Capability.BUILD])
def check_sharding(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Of each component, one GPU of a layout holds the part that tensor, expert and data parallelism leave to it.

    Judged is the ratio to what the subject holds on one GPU, so that an error in that does not come back here. Where
    units cannot be dealt out evenly, any figure from the emptiest to the fullest rank is right. Ops are priced for all
    pipeline stages together, and the memory model divides by their number: stages must not change an op's weights.
    """
    layouts = _DENSE | (_EXPERTS if plan.is_moe else {})
    judge = _Judge(model)
    yield from once(
        {
            backend: once(
                {name: list(judge.layout(backend, layout)) for name, layout in layouts.items() if divides(plan, layout)}
            )
            for backend in BACKENDS
        }
    )
    if judge.refused and not judge.built:
        raise SkipCheck(f"the subject refuses every layout of more than one GPU: {judge.refused}")


@check("weights_fall_with_tp", phase=4, suite="memory", needs=[Capability.BUILD])
def check_weights_fall_with_tp(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """More tensor-parallel ranks never leave more bytes of weights on each, as the memory model adds them up."""
    before: tuple[int, float] | None = None
    for tp in _RANKS:
        layout = layout_of(plan, tp)
        built = model.attempt(model.request(layout)) if divides(plan, layout) else None
        if built is None or isinstance(built, Refusal):
            continue
        held = built.weight_bytes["prefill"]
        if before is not None and held > before[1]:
            yield Mismatch(
                about=f"tp{tp}",
                expected=f"at most {before[1]:,.0f} bytes, as on {before[0]} ranks",
                actual=f"{held:,.0f} bytes",
                arithmetic=f"{layout}: each rank holds a share of every tensor, or a copy of it",
                snippet=model.build_snippet(model.request(layout)),
            )
        before = tp, held


class _Judge:
    """Compares the builds of one model; what backends and phases have alike is worked out once.

    Attributes:
        built: Layouts that the subject accepted, on all backends.
        refused: What it raised for the first one that it did not; empty if it took all.
    """

    def __init__(self, model: SubjectModel) -> None:
        self._model, self._sorter = model, Sorter(model.plan)
        self.built, self.refused = 0, ""
        self._known: dict[tuple[str, float, Layout], tuple[Fraction, Fraction] | None] = {}

    def layout(self, backend: str, layout: Layout) -> Iterator[Mismatch]:
        """What is wrong in one layout on one backend."""
        whole, request = (
            self._model.build(self._model.request(backend=backend)),
            self._model.request(layout, backend=backend),
        )
        part = self._model.attempt(request)
        if isinstance(part, Refusal):
            self.refused = self.refused or part.reason
            return
        self.built += 1
        for before, after in ((whole.prefill, part.prefill), (whole.decode, part.decode)):
            held = {bucket.name: bucket for bucket in self._sorter.buckets(part, after)}
            for bucket in self._sorter.buckets(whole, before):
                if bucket.actual and bucket.name in held:
                    yield from self._different(request, bucket, held[bucket.name])

    def _different(self, request: BuildRequest, whole: Bucket, part: Bucket) -> Iterator[Mismatch]:
        layout = request.layout
        key = whole.name, whole.actual, layout
        if key not in self._known:
            self._known[key] = _shares(whole, len(self._model.plan.layers), layout)
        shares = self._known[key]
        actual = Fraction(part.actual) / Fraction(whole.actual)
        if shares is None or shares[0] <= actual <= shares[1]:
            return
        yield Mismatch(
            about=whole.name,
            expected=f"{_text(shares[1])} of the weights of one GPU",
            actual=f"{_text(actual)}: {part.actual:,.0f} of {whole.actual:,.0f} bytes",
            arithmetic=f"{layout}: {_divisions(whole)}",
            snippet=self._model.build_snippet(request, *dict.fromkeys(op.name for op in part.ops)),
        )


def _shares(bucket: Bucket, layers: int, layout: Layout) -> tuple[Fraction, Fraction] | None:
    """Parts that the emptiest and the fullest rank hold; None if they depend on tensors that nobody can name."""
    # Stages are left out, because ops are priced for all of them.
    cut = ranks.Layout(tp=layout.tp, ep=layout.moe_ep, dp=layout.dp)
    holding = bucket.holding(layers)
    if holding is None:
        each = {_share(Holding("", (tensor,)), cut, ranks.Rank()) for tensor in bucket.matrices}
        return (min(each), max(each)) if len(each) == 1 else None
    last = ranks.Rank(0, cut.dp - 1, cut.tp - 1)
    return _share(holding, cut, last), _share(holding, cut, ranks.Rank())


def _share(holding: Holding, layout: ranks.Layout, rank: ranks.Rank) -> Fraction:
    held = sum(
        tensor.size(SIXTEEN_BIT if tensor.is_matrix else holding.vector_bytes)
        * ranks.weight_share(tensor.weight, layout, rank)
        for tensor in holding.tensors
    )
    return Fraction(held) / holding.size


def _text(share: Fraction) -> str:
    return str(share) if share.denominator < 1000 else f"{float(share):.6f}"  # noqa: PLR2004 - what can be read


def _divisions(bucket: Bucket) -> str:
    names: dict[str, list[str]] = {}
    for tensor in bucket.tensors:
        split = tensor.weight.split.value + (f" {tensor.weight.units}" if tensor.weight.units > 1 else "")
        names.setdefault(split, []).append(tensor.weight.name)
    return "; ".join(f"{split}: {', '.join(dict.fromkeys(found))}" for split, found in sorted(names.items()))
