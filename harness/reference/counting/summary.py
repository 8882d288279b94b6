"""The figures of the fullest rank of a layout: the one that decides whether a model fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.quantization import fullest_rank_weight_bytes
from harness.reference.counting.ranks import Rank, check_layout, rank_parameters, stages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.reference.counting.quantization import Quantization
    from harness.reference.counting.ranks import Layout
    from harness.reference.layers import LayerPlan


@dataclass(frozen=True, slots=True)
class RankFigures:
    """What the fullest rank holds; each figure is of the stage where it is largest.

    Attributes:
        parameters: Learned numbers, copies included.
        weight_bytes: Bytes of its weights.
        kv_cache_bytes: Bytes of one sequence's cache by its length, at bfloat16.
        state_bytes: Bytes of one sequence's recurrent state.
    """

    parameters: int
    weight_bytes: int
    kv_cache_bytes: dict[int, int]
    state_bytes: int


def fullest_rank(plan: LayerPlan, quantization: Quantization, layout: Layout, lengths: Iterable[int]) -> RankFigures:
    """Figures of the fullest rank.

    Raises:
        UsageError: The layout would cut what cannot be cut.
    """
    check_layout(plan, layout)
    # What cannot be dealt out evenly goes to the first ranks.
    first = [Rank(stage) for stage in range(layout.pp)]
    parts = stages(plan, layout.pp)
    return RankFigures(
        max(rank_parameters(plan, layout, rank) for rank in first),
        fullest_rank_weight_bytes(plan, quantization, layout),
        {length: max(kv_cache_bytes(layers, length, tp=layout.tp) for layers in parts) for length in lengths},
        max(state_bytes(layers, tp=layout.tp) for layers in parts),
    )
