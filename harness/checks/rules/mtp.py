"""Phase 4: whether multi-token prediction adds its blocks, and only those, to what a model runs and holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks import counting
from harness.checks.counting import joined, number, same
from harness.checks.matrices import Part
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan, Tower

_DRAFTED = (1, 2, 3)
_BYTES = 2


@check("mtp_counts", phase=4, lesson=5, suite="scale_factors", needs=[Capability.BUILD, Capability.MTP])
def check_mtp_counts(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A decode step with drafts runs each decoder layer once, and a prediction block, embedding and head per draft."""
    _blocks(plan)
    yield from joined({backend: list(_steps(model, plan, backend)) for backend in BACKENDS})


def _steps(model: SubjectModel, plan: LayerPlan, backend: str) -> Iterator[Mismatch]:
    plain = counting.sums(counting.main_list(model.build(model.request(backend=backend)).decode))
    reported: set[str] = set()
    for drafts in _DRAFTED:
        request = model.request(backend=backend, nextn=drafts)
        drafted = counting.sums(counting.main_list(model.offered(request).decode))
        for about, expected, actual, why in _wrong(plan, plain, drafted, drafts):
            if about not in reported:
                reported.add(about)
                yield Mismatch(f"decode.{about}", expected, actual, why, model.build_snippet(request))


def _wrong(
    plan: LayerPlan, plain: dict[Part, float], drafted: dict[Part, float], drafts: int
) -> Iterator[tuple[str, str, str, str]]:
    for name in ("embedding", "head"):
        part = Part(name, "table")
        due = plain.get(part, 0.0) + drafts
        if part in plain and not same(drafted.get(part, 0.0), due):
            why = f"one run over the verified tokens, and one for each of {drafts} drafts, which needs the one before"
            yield name, number(due), number(drafted.get(part, 0.0)), why
    mixers = [part for part in plain if part.component == "attention" and part.part == "core"]
    before, after = (sum(counts.get(part, 0.0) for part in mixers) for counts in (plain, drafted))
    # A block may hold a layer of any kind, so only their sum is certain; and each kind runs a whole number of times.
    if not same(after, before + drafts):
        why = f"{number(before)} mixers, and one in the prediction block for each of {drafts} drafts"
        yield "mixers", number(before + drafts), number(after), why
    cores = [part for part in sorted(plain) if part.part == "core" and part.component != "other"]
    broken = [part for part in cores if not same(drafted.get(part, 0.0), round(drafted.get(part, 0.0)))]
    if broken:
        listed = ", ".join(f"{part} {number(drafted[part])}" for part in broken)
        why = ", ".join(f"{number(plain[part])} {part}" for part in broken)
        yield "whole_numbers", "whole numbers", listed, f"of {len(plan.layers)} layers {why}; {drafts} drafts add runs"


@check("mtp_weights", phase=4, lesson=5, suite="scale_factors", needs=[Capability.BUILD, Capability.MTP])
def check_mtp_weights(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A model that drafts tokens holds its prediction blocks."""
    tower = _blocks(plan)
    if tower.parameters is None:
        raise SkipCheck(f"the config does not say how large its prediction blocks are: {tower.reason}")
    request = model.request(nextn=1)
    bare, drafting = model.build().weight_bytes["prefill"], model.offered(request).weight_bytes["prefill"]
    due = tower.parameters * _BYTES
    if not same(drafting - bare, due):
        yield Mismatch(
            "weights",
            f"{due:.0f} bytes more",
            f"{drafting - bare:.0f} bytes more",
            f"prediction blocks: {tower.parameters} parameters x {_BYTES} bytes",
            model.build_snippet(request),
        )


def _blocks(plan: LayerPlan) -> Tower:
    for tower in plan.towers:
        if tower.component == "mtp":
            return tower
    raise SkipCheck("the config has no prediction blocks")
