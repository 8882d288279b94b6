"""Phase 4: whether each op runs in as many layers as the config has of that kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks import counting
from harness.checks.counting import joined, number, phases, same
from harness.checks.matrices import Part, expected_of
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.subjects.api import Capability, Layout
from harness.subjects.models import BACKENDS, ONE_GPU, OpKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.checks.matrices import Expected
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuildRequest, Op

_MAY_BE_FUSED = {"conv", "in_small", "decay_up", "gate_up", "gate"}
"""Parts that an engine may compute within another op; one that is priced must still run in every layer."""

_MODULES = (OpKind.DSA, OpKind.BLOCK_SPARSE, OpKind.COMPRESSED)
"""Kernels that are measured with all projections of their layer."""

_NOT_BY_LAYER = "other"
"""Component whose ops stand for no fixed number of runs in a layer: hyper-connections."""

_UNFOLDED = ("kv_up_keys", "kv_up_values")
"""How decode uses the matrix that unfolds keys and values from latents: half on the queries, half on the outputs."""

_RUNS_WITH = {"conv": "core", "gate": "in"}
"""Parts that run in the same layers as another, which is counted."""


@check("layer_counts", phase=4, lesson=2, suite="scale_factors", needs=[Capability.BUILD])
def check_layer_counts(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Scale factors of every part of the model add up to the number of its layers that have the part."""
    expected, why = expected_of(plan), counting.arithmetic(model, plan)
    found: dict[str, list[Mismatch]] = {}
    for backend in BACKENDS:
        request = model.request(backend=backend)
        built = model.build(request)
        found[backend] = [
            Mismatch(about, f"{layers} layers", number(actual), why, model.build_snippet(request, *names))
            for phase, ops in phases(built)
            for about, layers, actual, names in miscounted(phase, ops, expected)
        ]
    yield from joined(found)


@check("pipeline_counts", phase=4, lesson=2, suite="scale_factors", needs=[Capability.BUILD])
def check_pipeline_counts(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Pipeline stages change no scale factor, for a token passes all of them, and add one transfer between two."""
    stages = 2
    whole = model.request(ONE_GPU)
    cut = model.request(Layout(tp=1, pp=stages, dp=1, moe_tp=1, moe_ep=1, cp=1))
    built, apart = model.build(whole), model.build(cut)
    for (phase, ops), (_, staged) in zip(phases(built), phases(apart), strict=True):
        before, after = counting.sums(counting.main_list(ops)), counting.sums(counting.main_list(staged))
        for part in sorted({*before, *after}):
            if not same(before.get(part, 0), after.get(part, 0)):
                yield Mismatch(
                    f"{phase}.{part}",
                    number(before.get(part, 0)),
                    number(after.get(part, 0)),
                    f"{len(plan.layers)} layers on one stage or on {stages}: {part} runs in the same ones",
                    model.build_snippet(cut),
                )
        yield from _transfers(model, phase, staged, cut)


def _transfers(model: SubjectModel, phase: str, ops: Sequence[Op], cut: BuildRequest) -> Iterator[Mismatch]:
    borders = cut.layout.pp - 1
    sent = sum(op.count for op in ops if op.kind is OpKind.P2P)
    if not same(sent, borders):
        why = f"{cut.layout.pp} stages have {borders} border that activations cross"
        yield Mismatch(f"{phase}.transfers", str(borders), number(sent), why, model.build_snippet(cut))


def miscounted(phase: str, ops: Sequence[Op], expected: Expected) -> Iterator[tuple[str, int, float, tuple[str, ...]]]:
    """Parts whose scale factors do not add up: what about, layers that have it, sum, names of the ops.

    Each list of ops that prices the same work is judged by itself.
    """
    main = [op for op in counting.main_list(ops) if op.component != _NOT_BY_LAYER]
    counted = counting.sums(main)
    for part in sorted({*counted, *_required(main, expected, counted)}):
        layers, actual = _layers(part, expected), counted.get(part, 0.0)
        if not same(layers, actual):
            yield f"{phase}.{part}", layers, actual, _names(main, part)
    for wrapper in sorted({op.alternative for op in ops if op.alternative}):
        inner = [op for op in ops if op.alternative == wrapper and op.component not in counting.OUTSIDE_LAYERS]
        for part, actual in sorted(counting.sums(inner).items()):
            layers = _layers(part, expected)
            if not same(layers, actual):
                yield f"{phase}.{part}:{wrapper}", layers, actual, _names(inner, part)


def _names(ops: Sequence[Op], part: Part) -> tuple[str, ...]:
    return tuple(dict.fromkeys(op.name for op in ops if (op.component, op.part) == part[:2]))


def _layers(part: Part, expected: Expected) -> int:
    if part.part in _UNFOLDED:
        return expected.layers(part._replace(part="kv_up"))
    if part.part in _RUNS_WITH:
        return expected.layers(part._replace(part=_RUNS_WITH[part.part]))
    return expected.layers(part)


def _required(main: Sequence[Op], expected: Expected, counted: dict[Part, float]) -> Iterator[Part]:
    """Parts that a list of ops must price, each named as the list names it."""
    priced = {op.mixer for op in main if op.component == "attention"}
    whole = {op.mixer for op in main if op.kind in _MODULES}
    if expected.experts:
        yield Part("routed_experts", "core")
    for kind in expected.kernels:
        yield Part("attention", "core", kind)
    for part in expected.matrices:
        component, name, mixer = part
        if component == "gates" or name in _MAY_BE_FUSED or mixer in whole:
            continue
        # Of a mixer that is not priced at all, the missing kernel says enough.
        if component == "attention" and mixer not in priced:
            continue
        if name == "kv_up" and all(part._replace(part=half) in counted for half in _UNFOLDED):
            continue
        left_open = part._replace(mixer="")
        yield left_open if left_open in counted else part
