"""Phase 4: whether each op is as wide as the config says, on one GPU and on several."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.checks import counting
from harness.checks.counting import joined, number, phases, same
from harness.checks.matrices import Experts, Kernel, Part, Shape, expected_of
from harness.checks.records import Mismatch
from harness.checks.registry import check
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS, OpKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.checks.matrices import Expected
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import Op

_RANKS = (1, 2, 8)


@check("op_widths", phase=4, lesson=2, suite="scale_factors", needs=[Capability.BUILD])
def check_op_widths(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Matrices and kernels have the dimensions of the config's tensors, and a rank the share that it can hold."""
    seen: set[str] = set()
    for tp in _RANKS:
        if not counting.divides(plan, counting.layout_of(plan, tp)):
            continue
        found = list(joined({backend: list(_of_build(model, plan, backend, tp)) for backend in BACKENDS}))
        # What is wrong on one GPU is wrong on more.
        for mismatch in found:
            about = mismatch.about.partition("@")[0]
            if about not in seen:
                yield mismatch if tp == 1 else _on(mismatch, tp)
        seen.update(mismatch.about.partition("@")[0] for mismatch in found)


def _on(mismatch: Mismatch, tp: int) -> Mismatch:
    about = f"tp{tp}.{mismatch.about}"
    return Mismatch(about, mismatch.expected, mismatch.actual, mismatch.arithmetic, mismatch.snippet)


def _of_build(model: SubjectModel, plan: LayerPlan, backend: str, tp: int) -> Iterator[Mismatch]:
    request = model.request(counting.layout_of(plan, tp), backend=backend)
    for phase, ops in phases(model.build(request) if tp == 1 else model.offered(request)):
        apart = frozenset(op.component for op in ops if op.part == "gate")
        expected = expected_of(plan, tp, gates_apart=apart)
        for part, wanted, actual, names in misshapen(ops, expected):
            why = f"{part}: {wanted} on one of {tp} ranks; {_dimensions(model)}"
            yield Mismatch(f"{phase}.{part}", wanted, actual, why, model.build_snippet(request, *names))
        for op in ops:
            if op.kind is OpKind.ALL_REDUCE and op.columns != plan.hidden:
                snippet = model.build_snippet(request, op.name)
                why = f"ranks add up the residual stream; {_dimensions(model)}"
                yield Mismatch(f"{phase}.{op.name}", f"{plan.hidden} wide", f"{op.columns} wide", why, snippet)


def _dimensions(model: SubjectModel) -> str:
    text = model.config.text().raw()
    whole = {name: value for name, value in text.items() if type(value) is int and _is_dimension(name)}
    return ", ".join(f"{name} = {value}" for name, value in sorted(whole.items()))


def _is_dimension(name: str) -> bool:
    return name.endswith(("_size", "_dim", "_heads", "_rank", "_experts", "_groups")) or name.startswith("num_")


def misshapen(ops: Sequence[Op], expected: Expected) -> Iterator[tuple[Part, str, str, tuple[str, ...]]]:
    """Parts with dimensions that no layer has: which, what is expected, what is there, names of the ops.

    Where as many layers are priced as there are, those with each dimension must be as many, too. A part that the
    reference does not have is none of this check's business.
    """
    for part, group in _grouped(ops).items():
        names = tuple(dict.fromkeys(op.name for op in group))
        if part.part == "core" and part.component == "routed_experts":
            yield from _told(part, group, expected.experts, names)
        elif part.part in ("core", "conv"):
            kernels = expected.kernels.get(part.mixer)
            if kernels:
                yield from _told(part, group, kernels, names)
        else:
            shapes, actual = expected.shapes(part), _shapes(group)
            if shapes and actual and _differ(shapes, actual):
                yield part, _listed(shapes), _listed(actual), names


def _grouped(ops: Sequence[Op]) -> dict[Part, list[Op]]:
    groups: dict[Part, list[Op]] = {}
    main = counting.main_list(ops)
    open_parts = {op.part for op in main if op.component == "attention" and not op.mixer}
    for op in main:
        part = counting.part_of(op)
        groups.setdefault(part._replace(mixer="") if part.part in open_parts else part, []).append(op)
    return groups


def _shapes(group: Sequence[Op]) -> Counter[Shape]:
    found: Counter[Shape] = Counter()
    for op in group:
        if op.rows and op.columns:
            found[Shape(op.rows, op.columns)] += op.count  # type: ignore[assignment] # counts are real numbers
    return found


def _differ(expected: Counter[Shape], actual: Counter[Shape]) -> bool:
    if same(expected.total(), actual.total()):
        return {*expected} != {*actual} or any(not same(expected[shape], actual[shape]) for shape in expected)
    return not {*actual} <= {*expected}


def _listed(shapes: Counter[Shape]) -> str:
    return ", ".join(f"{number(shapes[shape])}x({shape})" for shape in sorted(shapes))


def _told(
    part: Part, group: Sequence[Op], allowed: Counter[Kernel] | Counter[Experts], names: tuple[str, ...]
) -> Iterator[tuple[Part, str, str, tuple[str, ...]]]:
    for op in group:
        told = _dimensions_of(op, part)
        if not any(_agree(told, known) for known in allowed):
            wanted = " or ".join(sorted(str(known._asdict()) for known in allowed))
            yield part, wanted, str(told._asdict()), names
            return


def _dimensions_of(op: Op, part: Part) -> Kernel | Experts:
    if part.component == "routed_experts":
        return Experts(op.experts, op.top, op.inner, op.columns)
    return Kernel(op.heads, op.kv_heads, op.head_dim, op.window)


def _agree(told: Kernel | Experts, known: Kernel | Experts) -> bool:
    """Whether all dimensions are equal that both sides tell."""
    return all(mine == theirs for mine, theirs in zip(told, known, strict=True) if mine and theirs)
