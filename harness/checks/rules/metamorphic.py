"""Phase 4: a change of the layers changes the subject's answer by exactly those layers, whatever it calls its ops.

Each rule edits the config, has the reference prove that it then describes the intended layers, and compares the
subject's answers before and after. What a layer adds is asked of the subject itself: append one, and look.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from harness.checks.edited_models import difference, edited, part_of, shown, total
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.checks.edited_models import EditedModels, Vector
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import Layer, LayerPlan

_PARTS = ("runs", "bytes", "cache")
_MOST_KINDS = 6
"""Different layers that are tried on one model; a searched architecture has dozens, all of the same few sorts."""
_ROUNDING = 1e-6
"""Of a count that is a product with a share of the layers."""
_GROWS_FROM, _GROWS_TO = 32768, 131072
"""Lengths in tokens, both longer than any window: what grows between them grows for ever."""


@check("appended_layer", phase=4, lesson=2, suite="metamorphic", needs=[Capability.BUILD])
def check_appended_layer(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """Each further layer of a kind adds the same, whole ops of that layer and nothing else."""
    lab = edited(model)
    tried = 0
    for name, layer, place in lab.kinds[:_MOST_KINDS]:
        variants = lab.appended(place, 1), lab.appended(place, 2)
        if variants[0] is None or variants[1] is None:
            continue
        tried += 1
        seen: set[str] = set()
        for backend in BACKENDS:
            none, one, two = (lab.vector(each, backend) for each in (lab.base, variants[0], variants[1]))
            first, second = difference(one, none), difference(two, one)
            for found in (*_added(name, first, second), *_kept(name, layer, first)):
                if found.about not in seen:
                    seen.add(found.about)
                    yield found
    if not tried:
        raise SkipCheck("no field of the config can say that it has one layer more")


def _added(name: str, first: Vector, second: Vector) -> Iterator[Mismatch]:
    runs = part_of(first, "runs")
    for part in _PARTS:
        bend = difference(part_of(second, part), part_of(first, part))
        if bend:
            yield Mismatch(
                about=f"{name}.{part}",
                expected=f"the second further {name} layer adds what the first added: {shown(part_of(first, part))}",
                actual=f"it adds {shown(part_of(second, part))}",
                arithmetic=f"second minus first: {shown(bend)}; the layers are equal, so this must be nothing",
            )
    odd = {key: value for key, value in runs.items() if value < 0 or abs(value - round(value)) > _ROUNDING}
    if odd:
        yield Mismatch(
            about=f"{name}.whole",
            expected=f"one more {name} layer runs each of its ops a whole number of times more",
            actual=shown(odd),
            arithmetic="one layer was added and none was taken away",
        )
    if not any(key[0] == phase for phase in ("prefill", "decode") for key in runs):
        yield Mismatch(
            about=f"{name}.nothing",
            expected=f"one more {name} layer runs more ops",
            actual="the ops are the same",
            arithmetic="num_hidden_layers is one more",
        )


def _kept(name: str, layer: Layer, first: Vector) -> Iterator[Mismatch]:
    """A layer makes the cache grow for ever exactly when it keeps every token."""
    sizes = [kv_cache_bytes((layer,), length) for length in (_GROWS_FROM, _GROWS_TO)]
    due = sizes[1] - sizes[0]
    found = first.get(("cache", _GROWS_TO), 0) - first.get(("cache", _GROWS_FROM), 0)
    if due != found:
        yield Mismatch(
            about=f"{name}.growth",
            expected=f"one more {name} layer keeps {due:,} more bytes from {_GROWS_FROM} to {_GROWS_TO} tokens",
            actual=f"{found:,.10g} bytes",
            arithmetic=f"{sizes[1]:,} - {sizes[0]:,} bytes at 16 bits, besides {state_bytes((layer,)):,} of state",
        )


@check("exchanged_layer", phase=4, lesson=2, suite="metamorphic", needs=[Capability.BUILD])
def check_exchanged_layer(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """A layer of another kind in place of one takes away what the old kind adds and adds what the new one does."""
    lab = edited(model)
    kinds = lab.kinds[:_MOST_KINDS]
    if len(kinds) == 1:
        raise SkipCheck("all layers are alike")
    tried = 0
    for (old, layer, place), (new, other, copied) in pairwise(kinds):
        order = list(range(len(lab.plan.layers)))
        order[place] = copied
        variant, more_old, more_new = lab.arranged(order), lab.appended(place), lab.appended(copied)
        if variant is None or more_old is None or more_new is None:
            continue
        tried += 1
        base = lab.vector(lab.base)
        moved = difference(lab.vector(variant), base)
        due = difference(lab.vector(more_new), lab.vector(more_old))
        # The cache may tell the kinds apart where the ops do not.
        ops = {**part_of(moved, "runs"), **part_of(moved, "bytes")}
        if not ops and layer.weights() != other.weights():
            yield Mismatch(
                about=f"{old}>{new}.nothing",
                expected="other ops",
                actual="the same ops",
                arithmetic=f"a {old} layer has {_parameters(layer):,} parameters, a {new} layer {_parameters(other):,}",
            )
        elif difference(moved, due):
            yield Mismatch(
                about=f"{old}>{new}",
                expected=f"what one {new} layer adds less what one {old} layer adds: {shown(due)}",
                actual=shown(moved),
                arithmetic=f"the two differ by {shown(difference(moved, due))}; one layer was exchanged",
            )
    if not tried:
        raise SkipCheck("no field of the config can say that one layer is of another kind")


def _parameters(layer: Layer) -> int:
    return sum(weight.parameters for weight in layer.weights())


@check("reordered_layers", phase=4, lesson=2, suite="metamorphic", needs=[Capability.BUILD])
def check_reordered_layers(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """The same layers in another order give the same answer."""
    lab = edited(model)
    if len(lab.kinds) == 1:
        raise SkipCheck("all layers are alike")
    order = list(range(len(lab.plan.layers)))
    orders = {"reversed": order[::-1], "rotated": [*order[1:], order[0]], "sorted": _by_kind(lab)}
    tried = 0
    for name, other in orders.items():
        variant = lab.arranged(other)
        if variant is None or variant.plan.layers == lab.plan.layers:
            continue
        tried += 1
        moved = difference(lab.vector(variant), lab.vector(lab.base))
        if moved:
            yield Mismatch(
                about=name,
                expected="the same ops and cache",
                actual=f"it differs by {shown(moved)}",
                arithmetic=f"{lab.plan} became {variant.plan}: as many layers of each kind",
            )
    if not tried:
        raise SkipCheck("no field of the config can say that the layers stand in another order")


def _by_kind(lab: EditedModels) -> Sequence[int]:
    rank = {layer: index for index, (_, layer, _) in enumerate(lab.kinds)}
    return sorted(range(len(lab.plan.layers)), key=lambda index: rank[lab.plan.layers[index]])


@check("doubled_layers", phase=4, lesson=2, suite="metamorphic", needs=[Capability.BUILD])
def check_doubled_layers(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """Twice the layers add what every layer adds, one by one."""
    lab = edited(model)
    double = lab.arranged([index for index in range(len(lab.plan.layers)) for _ in range(2)])
    if double is None:
        raise SkipCheck("no field of the config can say that every layer is there twice")
    base, parts = lab.vector(lab.base), []
    for _, layer, place in lab.kinds:
        more = lab.appended(place)
        if more is None:
            raise SkipCheck("no field of the config can say that it has one layer more")
        parts.append((lab.plan.layers.count(layer), difference(lab.vector(more), base)))
    due, added = total(parts), difference(lab.vector(double), base)
    for part in _PARTS:
        rest = difference(part_of(added, part), part_of(due, part))
        if rest:
            yield Mismatch(
                about=part,
                expected=f"twice the layers add {shown(part_of(due, part))}",
                actual=f"they add {shown(part_of(added, part))}",
                arithmetic=f"what {len(lab.plan.layers)} further layers add one by one leaves {shown(rest)}",
            )
