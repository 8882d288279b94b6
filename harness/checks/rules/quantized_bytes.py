"""Phase 4: the bits that a weight takes in the datatypes of the checkpoint, scales included."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.checks.bytes_by_component import SIXTEEN_BIT, Holding, Sorter
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.checks.variants import once
from harness.reference.counting.quantization import scheme
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS, OpKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.bytes_by_component import Bucket, Tensor
    from harness.checks.subject_model import SubjectModel
    from harness.reference.counting.quantization import Quantization
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuiltModel

_BITS = 8 * SIXTEEN_BIT
_OF_MATRICES = (OpKind.GEMM, OpKind.MOE)


@dataclass(frozen=True, slots=True)
class _Stored:
    """How a checkpoint stores some tensors: numbers of each scheme, and the bits of all with and without scales.

    The one scale that some schemes have for a whole tensor is left out: it is no part of the bits of a weight.
    """

    numbers: dict[str, int]
    bits: Fraction
    unscaled: Fraction

    @property
    def scaled(self) -> str:
        """What to call the scales."""
        return "+".join(sorted(name for name in self.numbers if name != "bf16")) + "_scales"


_Known = dict[tuple[str, str, int], _Stored | None]


@check("quantized_bytes", phase=4, lesson=3, suite="memory", needs=[Capability.BUILD, Capability.DATATYPES])
def check_quantized_bytes(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A weight takes as many bits as the checkpoint stores for it, with its share of the scales, in each component."""
    sorter, known = Sorter(plan), _Known()
    yield from once({backend: _of_backend(model, sorter, backend, known) for backend in BACKENDS})


@check("named_datatype", phase=4, lesson=3, suite="memory", needs=[Capability.BUILD])
def check_named_datatype(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Told that a model is NVFP4, the subject counts 4.5 bits for each weight of its matrices, scales included."""
    del plan
    yield from once({backend: list(_of_named(model, backend)) for backend in BACKENDS})


def _of_named(model: SubjectModel, backend: str) -> Iterator[Mismatch]:
    request = model.request(backend=backend, precision="nvfp4")
    named, wide = model.offered(request), model.build(model.request(backend=backend))
    told, seen = scheme("nvfp4"), set()
    bits = told.bits + Fraction(8 * told.scale_bytes, math.prod(told.block))
    before = _bytes_by_op(wide)
    for (name, kind, precision), size in _bytes_by_op(named).items():
        if kind not in _OF_MATRICES or precision != told.name or kind in seen:
            continue
        whole = sum(held for (other, *_), held in before.items() if other == name)
        actual = size / whole * _BITS
        if actual != bits:
            seen.add(kind)
            yield Mismatch(
                about=f"{kind.value}.bits",
                expected=f"{float(bits):.6g} bits for each weight",
                actual=f"{float(actual):.6g} bits for each weight",
                arithmetic=f"{told.bits} bits and {told.scale_bytes} byte for {math.prod(told.block)} weights; "
                f"{name} {float(size):,.0f} bytes, and {float(whole):,.0f} at 16 bits",
                snippet=model.build_snippet(request, name),
            )


def _bytes_by_op(built: BuiltModel) -> dict[tuple[str, OpKind, str], Fraction]:
    """Bytes that ops of a name, a kind and a datatype hold; a model of unlike blocks has several of one name."""
    held: dict[tuple[str, OpKind, str], Fraction] = {}
    for op in (*built.prefill, *built.decode):
        if op.weight_bytes:
            key = op.name, op.kind, op.precision
            held[key] = held.get(key, Fraction(0)) + Fraction(op.weight_bytes)
    return held


def _of_backend(model: SubjectModel, sorter: Sorter, backend: str, known: _Known) -> list[Mismatch]:
    wide = model.build(model.request(backend=backend))
    narrow = model.build(model.request(backend=backend, precision="checkpoint"))
    phases = {"prefill": (wide.prefill, narrow.prefill), "decode": (wide.decode, narrow.decode)}
    found = {}
    for phase, (before, after) in phases.items():
        held = {bucket.name: bucket for bucket in sorter.buckets(narrow, after)}
        pairs = [(bucket, held[bucket.name]) for bucket in sorter.buckets(wide, before) if bucket.name in held]
        found[phase] = [mismatch for pair in pairs for mismatch in _different(model, *pair, backend, known)]
    return once(found)


def _different(model: SubjectModel, wide: Bucket, narrow: Bucket, backend: str, known: _Known) -> Iterator[Mismatch]:
    """Bits of one component; how many weights there are is the business of the check of weights."""
    holding = wide.holding(len(model.plan.layers)) or Holding("unclear", wide.matrices)
    if not wide.actual or not holding.tensors:
        return
    key = wide.name, holding.about, holding.vector_bytes
    if key not in known:
        known[key] = _stored(holding, model.quantization)
    stored = known[key]
    if stored is None:
        return
    actual = Fraction(narrow.actual) / Fraction(wide.actual) * _BITS
    if actual == stored.bits:
        return
    request = model.request(backend=backend, precision="checkpoint")
    schemes = ", ".join(f"{name} {count:,} numbers" for name, count in sorted(stored.numbers.items()))
    yield Mismatch(
        about=f"{wide.name}.{stored.scaled if actual == stored.unscaled else 'bits'}",
        expected=f"{float(stored.bits):.6g} bits for each weight",
        actual=f"{float(actual):.6g} bits for each weight",
        arithmetic=f"the checkpoint stores {schemes}; without scales {float(stored.unscaled):.6g} bits; subject: "
        + ", ".join(f"{op.name} {op.precision}" for op in narrow.ops)
        + f" {narrow.actual:,.0f} bytes, and {wide.actual:,.0f} at 16 bits",
        snippet=model.build_snippet(request, *dict.fromkeys(op.name for op in narrow.ops)),
    )


def _stored(holding: Holding, quantization: Quantization) -> _Stored | None:
    """What a checkpoint stores for what the subject holds; None if it depends on which tensors or layers those are."""
    numbers: dict[str, int] = {}
    size = scales = 0
    mixed = set()
    for tensor in holding.tensors:
        for layer in tensor.layers:
            name, stored, bare = _tensor(tensor, layer, quantization, holding.vector_bytes)
            numbers[name] = numbers.get(name, 0) + tensor.weight.parameters
            size, scales = size + stored, scales + stored - bare
            mixed.add((tensor.weight.name if holding.about == "layers" else "", name))
    if holding.about == "unclear" and len(numbers) > 1:
        return None
    if len({module for module, _ in mixed}) < len(mixed) and holding.about == "layers":
        return None
    return _Stored(numbers, Fraction(size * _BITS, holding.size), Fraction((size - scales) * _BITS, holding.size))


def _tensor(tensor: Tensor, layer: int | None, quantization: Quantization, vector_bytes: int) -> tuple[str, int, int]:
    """Scheme of one layer's tensor, its bytes, and its bytes without scales."""
    weight = tensor.weight
    found = quantization.scheme_of(layer, weight) if tensor.is_matrix else None
    if found is None:
        size = weight.parameters * (SIXTEEN_BIT if tensor.is_matrix else vector_bytes)
        return "bf16", size, size
    return found.name, replace(found, tensor_bytes=0).bytes_of(weight), weight.parameters * found.bits // 8
