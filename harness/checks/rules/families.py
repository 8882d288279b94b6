"""Phase 4: whether a family lists all its ops, knows what they stand for, and lists each once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.counting import OUTSIDE_LAYERS, joined, number, part_of, phases
from harness.checks.matrices import expected_of
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.matrices import Expected
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuildRequest, Op


@check("families", phase=4, suite="families", needs=[Capability.BUILD])
def check_families(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Prefill and decode have ops for the same components on every backend, each op with a meaning and listed once."""
    expected = expected_of(plan)
    requests = {backend: model.request(backend=backend) for backend in BACKENDS}
    yield from joined({name: list(_family(model, expected, request)) for name, request in requests.items()})


def _family(model: SubjectModel, expected: Expected, request: BuildRequest) -> Iterator[Mismatch]:
    built = model.build(request)
    snippet = model.build_snippet(request)
    for phase, ops in phases(built):
        if not ops:
            yield Mismatch(f"{phase}.empty", "ops", "none", "a decoder computes in both phases", snippet)
        for name in sorted({op.name for op in ops if not op.component}):
            says = "the name of every op says which part of the model it prices"
            yield Mismatch(f"{phase}.unsorted:{name}", "a component", "none known", says, snippet)
        yield from _repeated(phase, ops, expected, snippet)
    yield from _one_sided(built.prefill, built.decode, snippet)


def _repeated(phase: str, ops: tuple[Op, ...], expected: Expected, snippet: str) -> Iterator[Mismatch]:
    """Equal ops that together run more often than there are layers to run them."""
    equal: defaultdict[Op, list[float]] = defaultdict(list)
    for op in ops:
        equal[replace(op, count=0.0, weight_bytes=0.0)].append(op.count)
    for op, counts in equal.items():
        most = _most(op, expected)
        if len(counts) > 1 and sum(counts) > most:
            listed = " + ".join(number(count) for count in counts)
            yield Mismatch(
                f"{phase}.repeated:{op.name}",
                f"runs in at most {most} layers",
                f"{listed} = {number(sum(counts))}",
                f"{len(counts)} equal ops, {op.component}.{op.part}, for {most} layers",
                snippet,
            )


def _most(op: Op, expected: Expected) -> int:
    if op.component in OUTSIDE_LAYERS:
        return sum(kernels.total() for kernels in expected.kernels.values()) + expected.feed_forwards
    return expected.layers(part_of(op))


def _one_sided(prefill: tuple[Op, ...], decode: tuple[Op, ...], snippet: str) -> Iterator[Mismatch]:
    components = {name: {op.component for op in ops} for name, ops in (("prefill", prefill), ("decode", decode))}
    for phase, other in (("prefill", "decode"), ("decode", "prefill")):
        for component in sorted(components[other] - components[phase] - set(OUTSIDE_LAYERS)):
            why = f"{other} prices {component}, and every token of {phase} passes the same weights"
            yield Mismatch(f"{phase}.without:{component}", f"ops for {component}", "none", why, snippet)
