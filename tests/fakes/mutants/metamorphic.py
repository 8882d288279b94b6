"""Mutants that only show when the layers of a config are changed: counts that do not follow the pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.mutants.changes import counted, in_ops
from tests.fakes.mutants.layers import COUNTED, COUNTING, counting
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import together, wrapped

if TYPE_CHECKING:
    from tests.fakes.mutants.answering import Patch

_LONGEST = 40


def _by_first_layer() -> Patch:
    """Count the kind of the first layer once more, at the cost of the other kind."""

    def single(where: str, first: str, second: str) -> Patch:
        def change(real: Any, model: Any) -> dict[str, int]:  # noqa: ANN401 - the subject's own
            counts: dict[str, int] = real(model)
            config = model.extra_params
            pattern = next(
                getattr(config, name)
                for name in ("layer_types", "attn_layer_pattern", "hybrid_override_pattern")
                if hasattr(config, name)
            )
            starts = str(pattern[0]) in {"linear_attention", "sliding_attention", "0", "M"}
            return counts | {first: counts[first] + starts, second: counts[second] - starts}

        return wrapped(where, "_count_layer_types", change)

    return together(*(single(where, *kinds) for where, kinds in COUNTING.items()))


def _shared(layers: int, first: str, second: str) -> dict[str, Any]:
    return {first: layers * 0.75, second: layers * 0.25}


MUTANTS = (
    Mutant(
        id="layers-in-pairs",
        mistake="Layers are grouped two by two, and a single one at the end is dropped.",
        check="appended_layer",
        lesson=2,
        answers=in_ops(lambda ops, _: tuple(counted(op, op.count // 2 * 2) if op.count > 1 else op for op in ops)),
    ),
    Mutant(
        id="layers-as-fraction",
        mistake="Layers of a kind are a fixed fraction of all layers instead of what the pattern says.",
        check="appended_layer",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | _shared(counts[first] + counts[second], first, second)),
        concerns=COUNTED,
    ),
    Mutant(
        id="layers-pattern-unread",
        mistake="The pattern is taken to be the usual one, whatever the config says of single layers.",
        check="exchanged_layer",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | _shared(counts[first] + counts[second], first, second)),
        concerns=COUNTED,
    ),
    Mutant(
        id="layers-first-decides",
        mistake="A branch on the first layer of the pattern counts one layer of its kind too many.",
        check="reordered_layers",
        lesson=2,
        patch=_by_first_layer(),
        concerns=COUNTED,
    ),
    Mutant(
        id="layers-at-most",
        mistake="Ops are built for at most as many layers as the largest model had.",
        check="doubled_layers",
        lesson=2,
        answers=in_ops(lambda ops, _: tuple(counted(op, min(op.count, _LONGEST)) for op in ops)),
        concerns=lambda model: len(model.plan.layers) > _LONGEST // 2,
    ),
)
