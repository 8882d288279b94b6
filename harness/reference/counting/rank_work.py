"""Operations and bytes of one rank: the work of a step, divided as a layout divides it.

Tokens of an attention-DP group pass only its own ranks, but for the experts, which all groups share. Experts are taken
to be chosen evenly, and an indexer's work to be divided like the heads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from harness.reference.counting.memory import BF16_BYTES, kv_cache_bytes, parts_bytes, state_bytes
from harness.reference.counting.ranks import check_layout, dealt, stage_weights, stages, weight_share
from harness.reference.counting.work import Work
from harness.reference.weights import Split

if TYPE_CHECKING:
    from harness.reference.counting.quantization import Quantization
    from harness.reference.counting.ranks import Layout, Rank
    from harness.reference.layers import Layer, LayerPlan


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a batch.

    Attributes:
        batch: Sequences, divided among the attention-DP groups.
        new: New tokens of each; 1 for a decode step.
        prefix: Tokens of each that are in the cache already.
    """

    batch: int
    new: int = 1
    prefix: int = 0


def rank_work(plan: LayerPlan, quantization: Quantization, layout: Layout, rank: Rank, step: Step) -> Work:
    """Work of one rank in one step.

    Args:
        plan: The model.
        quantization: How its weights and cache are stored.
        layout: The parallel layout.
        rank: The rank.
        step: The step.

    Raises:
        UsageError: The layout would cut what cannot be cut.
    """
    check_layout(plan, layout)
    sequences, kv = dealt(step.batch, layout.dp, rank.group), quantization.kv_bytes
    layers = stages(plan, layout.pp)[rank.stage]
    flops: Counter[str] = Counter()
    core = sum(layer.mixer.core_flops(step.prefix, step.new) for layer in layers)
    flops["fp8" if kv <= 1 else "bf16"] += core * sequences // layout.tp
    size = Fraction(0)
    for index, weight in stage_weights(plan, layout)[rank.stage]:
        share = weight_share(weight, layout, rank)
        if index is None:
            is_output = weight == plan.output and rank.stage == layout.pp - 1
            # The embedding is looked up on the first stage, a row for each token, wherever its rows are.
            looked_up = weight == plan.embedding and rank.stage == 0
            size += Fraction(sequences * step.new * plan.hidden * BF16_BYTES, layout.tp) if looked_up else 0
            if is_output:
                flops["bf16"] += int(2 * weight.parameters * sequences * share)
            size += quantization.bytes_of(None, weight) * share if is_output or not looked_up else 0
            continue
        tokens = (step.batch if weight.split is Split.EXPERTS else sequences) * step.new
        found = quantization.scheme_of(index, weight)
        if weight.matmul:
            flops[found.compute if found else "bf16"] += int(2 * weight.active * tokens * share)
        size += quantization.bytes_of(index, weight) * share * Fraction(weight.used, weight.copies)
    return Work(
        {name: count for name, count in sorted(flops.items()) if count},
        int(size),
        sequences * _read(layers, step, kv, layout.tp),
        sequences
        * (kv_cache_bytes(layers, step.new, number_bytes=kv, tp=layout.tp) + state_bytes(layers, tp=layout.tp)),
        sequences * step.new,
    )


def _read(layers: tuple[Layer, ...], step: Step, kv: float, tp: int) -> int:
    # A decode step looks at its own token too; a prefill reads only what is there before it.
    length = step.prefix + 1 if step.new == 1 else step.prefix
    return sum(parts_bytes(layer.mixer.read(length), kv, tp) for layer in layers) if length else 0
