"""Phase 3: whether the subject takes each part of the model to be as wide as the checkpoint stores it."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.checks.variants import once
from harness.data_files import Record, data_path, load_toml
from harness.reference.counting.parameters import decoder_weights
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS, OpKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.reference.weights import Weight
    from harness.subjects.models import BuildRequest, Op

_PARTS = ("attention", "dense_ffn", "shared_experts", "routed_experts")
_MODULES = (OpKind.MLA, OpKind.DSA, OpKind.BLOCK_SPARSE, OpKind.COMPRESSED)


class _Datatypes(Record):
    subject: dict[str, str]
    reference: dict[str, str]
    parts: dict[str, dict[str, tuple[str, ...]]]


@cache
def _datatypes() -> _Datatypes:
    return load_toml(data_path("fixtures", "datatypes.toml"), _Datatypes)


@check("excluded_precision", phase=3, suite="parsing", needs=[Capability.BUILD, Capability.DATATYPES])
def check_excluded_precision(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Every op has the datatype in which the checkpoint keeps most of the op's own tensors, exclusions included."""
    yield from once({backend: list(_by_op(model, plan, _request(model, backend))) for backend in BACKENDS})


def _request(model: SubjectModel, backend: str) -> BuildRequest:
    return model.request(backend=backend, precision="checkpoint")


def _by_op(model: SubjectModel, plan: LayerPlan, request: BuildRequest) -> Iterator[Mismatch]:
    weights = [(layer, weight) for layer, weight in decoder_weights(plan) if weight.matmul and layer is not None]
    built, seen = model.build(request), set[str]()
    for phase, ops in (("prefill", built.prefill), ("decode", built.decode)):
        for op in ops:
            if op.component not in _PARTS or not op.precision or op.kind not in (OpKind.GEMM, OpKind.MOE, *_MODULES):
                continue
            own = [pair for pair in weights if _belongs(op, pair[1])]
            about = ".".join(filter(None, (op.component, op.mixer, op.part)))
            if (key := f"{phase}.{about}.{op.precision}") not in seen:
                seen.add(key)
                yield from _compared(
                    f"{phase}.{about}", op.precision, stored(model, own), model.build_snippet(request, op.name)
                )


def _belongs(op: Op, weight: Weight) -> bool:
    component, _, mixer = weight.component.partition(".")
    if component != op.component or (op.mixer and mixer and op.mixer != mixer):
        return False
    names = _datatypes().parts.get(op.component, {}).get(op.part)
    return names is None or any(fnmatchcase(weight.name.rpartition(".")[2], name) for name in names)


def stored(model: SubjectModel, weights: Iterable[tuple[int | None, Weight]]) -> Counter[str]:
    """Parameters of some tensors by the datatype in which the checkpoint keeps them."""
    found: Counter[str] = Counter()
    for layer, weight in weights:
        scheme = model.quantization.scheme_of(layer, weight)
        found[_datatypes().reference[scheme.name if scheme else "bf16"]] += weight.parameters
    return found


def _compared(about: str, named: str, found: Counter[str], snippet: str) -> Iterator[Mismatch]:
    actual = _datatypes().subject.get(named)
    if actual is None:
        yield Mismatch(f"unknown.{named}", f"a meaning of {named} in fixtures/datatypes.toml", named, "nobody said it")
    elif found and found[actual] < max(found.values()):
        shares = ", ".join(f"{count:,} parameters in {kind}" for kind, count in found.most_common())
        yield Mismatch(
            about, found.most_common(1)[0][0], f"{actual} ({named})", f"the checkpoint keeps {shares}", snippet
        )
