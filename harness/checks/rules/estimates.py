"""Phase 5: a real end-to-end estimate of each model on each database, held against physics and against itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.estimating import BASE, deployed, fullest_rank_bytes
from harness.checks.records import Mismatch, Scope
from harness.checks.registry import check
from harness.reference import roofline
from harness.reference.counting.memory import state_bytes
from harness.reference.counting.quantization import Quantization, scheme
from harness.subjects.api import Capability, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.checks.estimating import Deployment
    from harness.checks.subject_model import SubjectModel
    from harness.coordinates import Database
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuiltModel, Estimate, EstimateRequest

_EDGES: tuple[tuple[str, dict[str, int]], ...] = (
    ("base", BASE),
    ("one_token", {"batch": 1, "isl": 1024, "osl": 1}),
    ("one_request", {"batch": 1, "isl": 1024, "osl": 128}),
    ("short_input", {"batch": 1, "isl": 1, "osl": 2}),
    ("cached_input", {"batch": 8, "isl": 1024, "osl": 128, "prefix": 1023}),
)
_STEPS: tuple[tuple[str, str, dict[str, int], dict[str, int]], ...] = (
    ("ttft", "more sequences", BASE, {**BASE, "batch": 64}),
    ("ttft", "a longer input", BASE, {**BASE, "isl": 8192}),
    ("tpot", "more sequences", BASE, {**BASE, "batch": 64}),
    ("tpot", "a longer context", BASE, {**BASE, "isl": 8192}),
    ("request", "a longer output", BASE, {**BASE, "osl": 512}),
)
_TOLD = {"batch": 8, "isl": 896, "osl": 128}
"""Sequences that end at one of the lengths at which a built model says what it keeps."""
_ROUNDING = 5e-4
"""The summary keeps three decimals."""
_BYTE_ROUNDING = 1 << 16
"""Sizes come as floating-point GiB; what is lost on the way is far below this."""


@check("estimate_finite", phase=5, suite="estimates", scope=Scope.ESTIMATE, needs=[Capability.ESTIMATE])
def check_estimate_finite(model: SubjectModel, plan: LayerPlan, database: Database) -> Iterator[Mismatch]:
    """An estimate comes back, and every figure in it is finite and not negative, at edge values too."""
    where = deployed(model, plan, database)
    requests = {name: where.request(**shape) for name, shape in _EDGES}
    for name, request in {**requests, "mixed_one_token": replace(requests["one_token"], mixed=True)}.items():
        answer = where.ask(request)
        if isinstance(answer, Failure):
            if not answer.missing_data:
                yield _mismatch(where, request, f"raises.{name}", "an estimate", answer.messages[-1])
            continue
        wrong = {key: value for key, value in _figures(answer).items() if not math.isfinite(value) or value < 0}
        if wrong:
            listed = ", ".join(f"{key} = {value}" for key, value in sorted(wrong.items()))
            yield _mismatch(where, request, f"figures.{name}", "finite figures from 0", listed)
        elif answer.ttft_ms <= 0 or (answer.tpot_ms is not None and answer.tpot_ms <= 0):
            said = f"TTFT {answer.ttft_ms} ms, TPOT {answer.tpot_ms} ms"
            yield _mismatch(where, request, f"positive.{name}", "TTFT and TPOT above 0", said)


@check("estimate_not_below_roofline", phase=5, suite="estimates", scope=Scope.ESTIMATE, needs=[Capability.ESTIMATE])
def check_estimate_not_below_roofline(model: SubjectModel, plan: LayerPlan, database: Database) -> Iterator[Mismatch]:
    """Neither TTFT nor TPOT is below what the GPU's arithmetic, memory bus and links allow."""
    where = deployed(model, plan, database)
    gpu = roofline.system(database.system)
    for shape in (BASE, {"batch": 64, "isl": 4096, "osl": 64}):
        request = where.request(**shape)
        answer = where.ask(request)
        if isinstance(answer, Failure):
            continue
        sequences = request.batch * where.build.layout.dp
        stored = _narrowest(model, where)
        # A config rarely says how its recurrent state is kept; engines may keep it at 16 bits instead of 32.
        spared = sequences * state_bytes(plan.layers) / where.division.ranks / gpu.memory_bandwidth * 1e3
        first = roofline.prefill_bound(plan, stored, gpu, where.division, batch=sequences, isl=request.isl)
        step = roofline.decode_bound(plan, stored, gpu, where.division, batch=sequences, context=request.isl)
        for name, said, bound in (("ttft", answer.ttft_ms, first), ("tpot", answer.tpot_ms, step)):
            least = max(bound.compute, bound.memory - spared, bound.links)
            if said is not None and said < least:
                arithmetic = (
                    f"compute {bound.compute:.3f} ms, memory {bound.memory:.3f} ms "
                    f"({spared:.3f} ms less with state at 16 bits), links {bound.links:.3f} ms of "
                    f"{sequences} sequences of {request.isl} tokens on {where.division}; {gpu.source}"
                )
                yield _mismatch(
                    where, request, name, f"at least {least:.3f} ms", f"{said:.3f} ms", arithmetic=arithmetic
                )


@check("estimate_memory", phase=5, suite="estimates", scope=Scope.ESTIMATE, needs=[Capability.ESTIMATE])
def check_estimate_memory(model: SubjectModel, plan: LayerPlan, database: Database) -> Iterator[Mismatch]:
    """Memory is weights, cache, activations and the rest, the weights are those of the ops, and nothing is negative."""
    where = deployed(model, plan, database)
    request = where.request(**BASE)
    answer = where.ask(request)
    if isinstance(answer, Failure):
        return
    parts = {name: size for name, size in answer.memory.items() if name != "total"}
    total = answer.memory["total"]
    if abs(sum(parts.values()) - total) > _BYTE_ROUNDING:
        listed = " + ".join(f"{name} {size:,.0f}" for name, size in parts.items())
        yield _mismatch(
            where, request, "total", f"{sum(parts.values()):,.0f} bytes", f"{total:,.0f}", arithmetic=listed
        )
    built = model.build(where.build)
    expected = built.weight_bytes["prefill"] / where.build.layout.pp
    if abs(answer.memory["weights"] - expected) > _BYTE_ROUNDING:
        yield _mismatch(
            where,
            request,
            "weights",
            f"{expected:,.0f} bytes",
            f"{answer.memory['weights']:,.0f}",
            arithmetic=f"ops hold {built.weight_bytes['prefill']:,.0f} bytes, over {where.build.layout.pp} stages",
        )
    yield from _cached(where, built)
    if answer.memory["activations"] <= 0:
        yield _mismatch(where, request, "activations", "more than 0 bytes", f"{answer.memory['activations']:,.0f}")
    yield from _never_short(where, request, answer, plan)


def _cached(where: Deployment, built: BuiltModel) -> Iterator[Mismatch]:
    """The cache in the memory estimate is what the model says of its sequences when they are complete."""
    request = where.request(**_TOLD)
    answer, tokens = where.ask(request), request.isl + request.osl
    if isinstance(answer, Failure) or tokens not in built.cache_bytes:
        return
    expected = request.batch * built.cache_bytes[tokens]
    if abs(answer.memory["kvcache"] - expected) > _BYTE_ROUNDING:
        each = f"{request.batch} sequences of {tokens} tokens x {built.cache_bytes[tokens]:,.0f} bytes"
        actual = f"{answer.memory['kvcache']:,.0f}"
        yield _mismatch(where, request, "kvcache", f"{expected:,.0f} bytes", actual, arithmetic=each)


def _never_short(where: Deployment, request: EstimateRequest, answer: Estimate, plan: LayerPlan) -> Iterator[Mismatch]:
    """All of the memory is never less than the weights alone of the fullest rank."""
    least = fullest_rank_bytes(where.model, plan, where.division)
    if answer.memory["total"] < least:
        yield _mismatch(
            where,
            request,
            "less_than_weights",
            f"at least {least:,} bytes",
            f"{answer.memory['total']:,.0f}",
            arithmetic=f"weights of the fullest rank of {where.division}, as the checkpoint stores them",
        )


@check("estimate_sums", phase=5, suite="estimates", scope=Scope.ESTIMATE, needs=[Capability.ESTIMATE])
def check_estimate_sums(model: SubjectModel, plan: LayerPlan, database: Database) -> Iterator[Mismatch]:
    """Times by op add up to TTFT, TPOT and latency; GPUs are the product of the sizes; rates follow from both."""
    where = deployed(model, plan, database)
    request = where.request(**BASE)
    answer = where.ask(request)
    if isinstance(answer, Failure):
        return
    layout, row = where.build.layout, answer.row
    steps = request.osl - 1
    decode = sum(answer.decode_ms.values())
    latency = answer.ttft_ms + decode
    sequences = request.batch * layout.dp
    # Every pipeline stage works on a batch of its own.
    rate = sequences * layout.pp / latency * 1e3
    expected = {
        "ttft": answer.ttft_ms,
        "tpot": decode / steps,
        "request_latency": latency,
        "num_total_gpus": float(layout.gpus),
        "seq/s": rate,
        "tokens/s": rate * steps,
        "tokens/s/gpu": rate * steps / layout.gpus,
    }
    for name, value in expected.items():
        said = row.get(name)
        # Tokens per second may count the first token or not.
        allowed = (value, value / steps * request.osl) if name.startswith("tokens/s") else (value,)
        if said is not None and not any(math.isclose(said, good, rel_tol=2e-3, abs_tol=_ROUNDING) for good in allowed):
            arithmetic = (
                f"prefill {answer.ttft_ms:.3f} ms, {steps} decode steps {decode:.3f} ms, {sequences} sequences, "
                f"{layout.gpus} GPUs of {layout}"
            )
            yield _mismatch(where, request, name, f"{value:.3f}", f"{said:.3f}", arithmetic=arithmetic)


@check("estimate_monotone", phase=5, suite="estimates", scope=Scope.ESTIMATE, needs=[Capability.ESTIMATE])
def check_estimate_monotone(model: SubjectModel, plan: LayerPlan, database: Database) -> Iterator[Mismatch]:
    """More sequences, longer inputs, contexts and outputs never make a step or a request faster."""
    where = deployed(model, plan, database)
    for figure, what, less, more in _STEPS:
        requests = where.request(**less), where.request(**more)
        small, large = where.ask(requests[0]), where.ask(requests[1])
        if isinstance(small, Failure) or isinstance(large, Failure):
            continue
        before, after = _measure(small, figure), _measure(large, figure)
        if after < before:
            listed = ", ".join(f"{name} {less[name]} to {more[name]}" for name in less if less[name] != more[name])
            yield _mismatch(
                where,
                requests[1],
                f"{figure}.{what.rsplit(' ', 1)[-1]}",
                f"at least {before:.4f} ms",
                f"{after:.4f} ms",
                arithmetic=f"{what}: {listed}; that is {after / before - 1:.2%}",
            )


def _measure(answer: Estimate, figure: str) -> float:
    if figure == "ttft":
        return answer.ttft_ms
    if figure == "tpot":
        return answer.tpot_ms or 0.0
    return answer.ttft_ms + sum(answer.decode_ms.values())


def _figures(answer: Estimate) -> Mapping[str, float]:
    figures = {"ttft_ms": answer.ttft_ms, **{f"memory {name}": size for name, size in answer.memory.items()}}
    if answer.tpot_ms is not None:
        figures["tpot_ms"] = answer.tpot_ms
    figures |= {f"prefill {name}": value for name, value in answer.prefill_ms.items()}
    figures |= {f"decode {name}": value for name, value in answer.decode_ms.items()}
    return figures | {f"row {name}": value for name, value in answer.row.items()}


def _narrowest(model: SubjectModel, where: Deployment) -> Quantization:
    """What the bound takes weights and cache to be stored in: the narrowest of the checkpoint's and the subject's."""
    types = model.build(where.build).datatypes
    bits = {types.gemm_bytes * 8, types.moe_bytes * 8} - {0.0}
    stored = model.quantization
    narrowest = min({*bits, float(stored.default.bits)})
    if narrowest < stored.default.bits or types.kv_cache_bytes < stored.kv_bytes:
        name = "nvfp4" if narrowest < 8 else "fp8" if narrowest < 16 else "bf16"  # noqa: PLR2004 - bits of a number
        kv = min(stored.kv_bytes, types.kv_cache_bytes or stored.kv_bytes)
        return Quantization(scheme(name), kv)
    return stored


def _mismatch(  # noqa: PLR0913 - a finding has that many sides
    where: Deployment, request: EstimateRequest, about: str, expected: str, actual: str, *, arithmetic: str = ""
) -> Mismatch:
    shape = f"batch {request.batch}, isl {request.isl}, osl {request.osl}, prefix {request.prefix}"
    said = f"{arithmetic}; " if arithmetic else ""
    return Mismatch(
        about=about,
        expected=expected,
        actual=actual,
        arithmetic=f"{said}{where.build.layout}, {where.build.backend}, {request.data_mode}, {shape}",
        snippet=where.snippet(request),
    )
