"""What the checks of ops share: backends and layouts to build for, sums of scale factors, joined findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.checks.matrices import Part
from harness.checks.records import Mismatch
from harness.errors import UsageError
from harness.reference.counting import ranks
from harness.subjects.api import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import BuiltModel, Op

OUTSIDE_LAYERS = ("communication", "glue", "")
"""Components of ops that hold no weights, or that nobody has sorted."""

_LAYER_FIELDS = (
    "num_hidden_layers",
    "first_k_dense_replace",
    "moe_layer_freq",
    "moe_layers_enum",
    "interleave_moe_layer_step",
    "mlp_layer_types",
    "layer_types",
    "hybrid_layer_pattern",
    "hybrid_override_pattern",
    "layers_block_type",
    "full_attention_interval",
    "sliding_window",
    "attention_chunk_size",
    "no_rope_layers",
    "n_shared_experts",
)
_LONGEST_VALUE = 60


def phases(built: BuiltModel) -> Iterator[tuple[str, tuple[Op, ...]]]:
    """Name and ops of each phase of the text decoder."""
    yield "prefill", built.prefill
    yield "decode", built.decode


def layout_of(plan: LayerPlan, tp: int, *, expert_parallel: bool = True) -> Layout:
    """A layout of `tp` tensor-parallel ranks, which deal out the experts whole or cut each."""
    by_expert = plan.is_moe and expert_parallel
    return Layout(tp, 1, 1, 1 if by_expert else tp, tp if by_expert else 1, 1)


def divides(plan: LayerPlan, layout: Layout) -> bool:
    """Whether the heads and experts of a plan can be dealt out as a layout says."""
    try:
        ranks.check_layout(plan, ranks.Layout(layout.tp, layout.pp, layout.moe_ep, layout.dp))
    except UsageError:
        return False
    return True


def part_of(op: Op) -> Part:
    """What an op stands for."""
    return Part(op.component, op.part, op.mixer if op.component == "attention" else "")


def main_list(ops: Iterable[Op]) -> list[Op]:
    """Ops that stand for something, without the second ways to price the same work."""
    return [op for op in ops if not op.alternative and op.component not in OUTSIDE_LAYERS]


def sums(ops: Iterable[Op]) -> dict[Part, float]:
    """Scale factors added up by part; a part whose mixer some op leaves open is added up over all mixers."""
    ops = list(ops)
    open_parts = {op.part for op in ops if op.component == "attention" and not op.mixer}
    result: Counter[Part] = Counter()
    for op in ops:
        part = part_of(op)
        result[part._replace(mixer="") if op.component == "attention" and op.part in open_parts else part] += op.count  # type: ignore[assignment] # counts are real numbers
    return dict(result)


def number(value: float) -> str:
    """A scale factor as text, without noise of the last digits."""
    return f"{value:.6g}"


def same(first: float, second: float) -> bool:
    """Whether two scale factors are equal but for rounding in their arithmetic."""
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))


def arithmetic(model: SubjectModel, plan: LayerPlan) -> str:
    """The plan, and the config fields that decide the kind of its layers."""
    text = model.config.text().raw()
    stated = [f"{field} = {_short(text[field])}" for field in _LAYER_FIELDS if text.get(field) is not None]
    return f"{len(plan.layers)} layers: {plan}; {', '.join(stated)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def joined(found: Mapping[str, Iterable[Mismatch]]) -> Iterator[Mismatch]:
    """Findings of several builds, the same one once; what only some builds show is told by `@` and their names.

    Args:
        found: Findings by the name of the build.
    """
    builds: dict[tuple[str, str, str], list[str]] = {}
    first: dict[tuple[str, str, str], Mismatch] = {}
    for build, mismatches in found.items():
        for mismatch in mismatches:
            key = mismatch.about, mismatch.expected, mismatch.actual
            builds.setdefault(key, []).append(build)
            first.setdefault(key, mismatch)
    for key, mismatch in first.items():
        where = builds[key]
        suffix = "" if len(where) == len(found) else "@" + "+".join(where)
        yield Mismatch(
            mismatch.about + suffix, mismatch.expected, mismatch.actual, mismatch.arithmetic, mismatch.snippet
        )
