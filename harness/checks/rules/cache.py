"""Phase 4: what one sequence keeps on one GPU: keys and values that grow, windows that fill up, and constant state."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.checks.counting import divides
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.checks.subject_model import Refusal
from harness.checks.variants import once
from harness.reference.counting import kv_cache_bytes, state_bytes
from harness.subjects.api import Capability, Layout
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuildRequest, BuiltModel

_ONE, _FEW, _MANY, _MOST = 1, 128, 32768, 131072
"""Lengths in tokens: both short ones are within every window, both long ones beyond every window and chunk."""

_DIVIDED = {"tp2": Layout(2, 1, 1, 2, 1, 1), "tp8": Layout(8, 1, 1, 8, 1, 1)}


@dataclass(frozen=True, slots=True)
class _Curve:
    """Bytes over length, taken apart: the parts are linear in the bytes, so that each error shows in one of them.

    Attributes:
        kv_growth: Bytes that each further token adds where all windows are full.
        state: Bytes that are there before the first token.
        window: Bytes that windows and chunks keep once they are full, beyond the growth.
    """

    kv_growth: Fraction
    state: Fraction
    window: Fraction

    @classmethod
    def of(cls, bytes_at: Callable[[int], float]) -> _Curve:
        """Take a curve apart by four of its points."""
        one, few, many, most = (Fraction(bytes_at(length)) for length in (_ONE, _FEW, _MANY, _MOST))
        growth = (most - many) / (_MOST - _MANY)
        state = one - (few - one) / (_FEW - _ONE)
        return cls(growth, state, many - _MANY * growth - state)


@check("cache", phase=4, lesson=5, suite="memory", needs=[Capability.BUILD, Capability.CACHE])
def check_cache(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """One sequence keeps the bytes that its layers' caches and states take, at each length, datatype and TP size."""
    found = once({backend: _judged(model, plan, model.request(backend=backend)) for backend in BACKENDS})
    known = {mismatch.about.rpartition(".")[2] for mismatch in found}
    variants = {"checkpoint": model.request(precision="checkpoint")}
    variants |= {name: model.request(layout) for name, layout in _DIVIDED.items() if divides(plan, layout)}
    # What is wrong at 16 bits on one GPU is wrong in every other case; once is enough.
    rest = {
        name: [one for one in _judged(model, plan, request) if one.about not in known]
        for name, request in variants.items()
    }
    yield from (*found, *once(rest))


@check("cache_sharding", phase=4, suite="memory", needs=[Capability.BUILD, Capability.CACHE])
def check_cache_sharding(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Each tensor-parallel rank keeps its share of the heads, also where what all ranks keep together is wrong."""
    whole = _growth(model.build())
    if not whole:
        raise SkipCheck("the subject's cache does not grow, which `cache` reports where it is wrong")
    judged, refused = 0, ""
    for name, layout in _DIVIDED.items():
        shares = _shares(plan, layout.tp) if divides(plan, layout) else set()
        if len(shares) != 1:
            continue  # Layers that are divided differently are judged together with their number, by `cache`.
        (expected,) = shares
        request = model.request(layout)
        built = model.attempt(request)
        if isinstance(built, Refusal):
            refused = refused or built.reason
            continue
        judged += 1
        found = _growth(built) / whole
        if found != expected:
            yield Mismatch(
                about=name,
                expected=f"{expected} of what one GPU keeps",
                actual=str(found),
                arithmetic=f"{whole} bytes a token on one GPU; heads are dealt to {layout.tp} ranks, latents copied",
                snippet=model.build_snippet(request),
            )
    if refused and not judged:
        raise SkipCheck(f"the subject refuses every layout: {refused}")


def _growth(built: BuiltModel) -> Fraction:
    return _Curve.of(lambda length: built.cache_bytes[length]).kv_growth


def _shares(plan: LayerPlan, tp: int) -> set[Fraction]:
    """Parts of their cache that a rank keeps of each layer that has one."""
    shares = set()
    for layer, _, _ in plan.distinct:
        whole = kv_cache_bytes((layer,), _MOST)
        if whole:
            shares.add(Fraction(kv_cache_bytes((layer,), _MOST, tp=tp), whole))
    return shares


@check(
    "cache_datatype",
    phase=4,
    lesson=5,
    suite="memory",
    needs=[Capability.BUILD, Capability.CACHE, Capability.DATATYPES],
)
def check_cache_datatype(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:  # noqa: ARG001 - as all checks
    """Numbers in the cache are as wide as the checkpoint says, and 16 bits where it says nothing."""
    expected = model.quantization.kv_bytes
    yield from once({backend: list(_datatype(model, backend, expected)) for backend in BACKENDS})


def _datatype(model: SubjectModel, backend: str, expected: float) -> Iterator[Mismatch]:
    request = model.request(backend=backend, precision="checkpoint")
    found = model.build(request).datatypes
    if found.kv_cache_bytes != expected:
        yield Mismatch(
            about="kv_cache",
            expected=f"{expected:g} bytes for each number",
            actual=f"{found.kv_cache_bytes:g} bytes ({found.kv_cache})",
            arithmetic="kv_cache_quant_algo or kv_cache_scheme of the checkpoint; the model's own 16 bits without it",
            snippet=model.build_snippet(request),
        )


def _judged(model: SubjectModel, plan: LayerPlan, request: BuildRequest) -> list[Mismatch]:
    # A layout that the subject refuses is `sharding`'s to tell.
    built = model.attempt(request) if request.layout.gpus > 1 else model.build(request)
    return [] if isinstance(built, Refusal) else list(_different(model, plan, request, built))


def _different(model: SubjectModel, plan: LayerPlan, request: BuildRequest, built: BuiltModel) -> Iterator[Mismatch]:
    number, tp = built.datatypes.kv_cache_bytes, request.layout.tp
    state = state_bytes(plan.layers, tp=tp)
    right = _Curve.of(lambda length: kv_cache_bytes(plan.layers, length, number_bytes=number, tp=tp) + state)
    wrong = _Curve.of(lambda length: built.cache_bytes[length])
    for part in ("kv_growth", "state", "window"):
        expected, actual = getattr(right, part), getattr(wrong, part)
        if expected != actual:
            unit = "bytes for each token" if part == "kv_growth" else "bytes"
            yield Mismatch(
                about=part,
                expected=f"{_text(expected)} {unit}",
                actual=f"{_text(actual)} {unit}",
                arithmetic=f"{_layers(plan, number)}; at {_FEW}, {_MANY}, {_MOST} tokens the subject keeps "
                + ", ".join(f"{built.cache_bytes[length]:,.0f}" for length in (_FEW, _MANY, _MOST))
                + f" bytes; {request.layout}",
                snippet=model.build_snippet(request),
            )


def _text(size: Fraction) -> str:
    return f"{float(size):,.6g}" if size.denominator != 1 else f"{int(size):,}"


def _layers(plan: LayerPlan, number_bytes: float) -> str:
    """Layers by what they keep: how much they grow when long, and their state."""
    kinds: dict[tuple[str, int, int], int] = {}
    for layer, count, _ in plan.distinct:
        one = (layer,)
        long = kv_cache_bytes(one, _MOST, number_bytes=number_bytes)
        key = layer.mixer.kind, long, state_bytes(one)
        kinds[key] = kinds.get(key, 0) + count
    return "; ".join(
        f"{count} {kind} layers keep {long:,} bytes of keys and values at {_MOST} tokens and {state:,} of state each"
        for (kind, long, state), count in sorted(kinds.items())
        if long or state
    )
