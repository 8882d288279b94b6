"""Operations and bytes that one prefill or one decode step cannot do without, over all ranks.

A multiply-add is two operations. Activations are left out of the bytes: fused kernels keep them on the chip.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.reference.counting.memory import BF16_BYTES, kv_cache_bytes, parts_bytes, state_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.reference.counting.quantization import Quantization
    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.weights import Weight


@dataclass(frozen=True, slots=True)
class Work:
    """What a step takes.

    Attributes:
        flops: Operations by the datatype that they can be done in at best.
        weight_bytes: Weights read, each once.
        cache_read: Bytes of cache and state read.
        cache_written: Bytes of cache and state written.
        tokens: Tokens that pass the layers.
    """

    flops: dict[str, int] = field(default_factory=dict)
    weight_bytes: int = 0
    cache_read: int = 0
    cache_written: int = 0
    tokens: int = 0

    @property
    def total_flops(self) -> int:
        """Operations in all datatypes."""
        return sum(self.flops.values())

    @property
    def total_bytes(self) -> int:
        """Bytes read and written."""
        return self.weight_bytes + self.cache_read + self.cache_written


def fewest_experts(weight: Weight, tokens: int) -> int:
    """Experts that must be read: as few as one token uses, if all tokens happen to choose the same."""
    return weight.used if tokens else 0


def spread_experts(weight: Weight, tokens: int) -> int:
    """Experts that are read on average if every token chooses at random."""
    return round(weight.copies * (1 - (1 - weight.used / weight.copies) ** tokens))


def prefill(  # noqa: PLR0913 - a request has that many sides
    plan: LayerPlan,
    quantization: Quantization,
    batch: int,
    isl: int,
    prefix: int = 0,
    *,
    experts: Callable[[Weight, int], int] = fewest_experts,
) -> Work:
    """Work of the first token: `batch` prompts of `isl` new tokens each, behind `prefix` cached ones.

    Args:
        plan: The model.
        quantization: How its weights and cache are stored.
        batch: Prompts.
        isl: New tokens of a prompt.
        prefix: Tokens of it that are in the cache already.
        experts: How many copies of a tensor are read.
    """
    return _work(plan, quantization, batch * isl, batch, experts, sequence(plan, quantization, isl, prefix, prefix))


def decode(
    plan: LayerPlan,
    quantization: Quantization,
    batch: int,
    context: int,
    *,
    experts: Callable[[Weight, int], int] = fewest_experts,
) -> Work:
    """Work of one decode step: one token for each of `batch` sequences that are then `context` tokens long.

    Args:
        plan: The model.
        quantization: How its weights and cache are stored.
        batch: Sequences.
        context: Tokens of a sequence, the new one included.
        experts: How many copies of a tensor are read.
    """
    return _work(plan, quantization, batch, batch, experts, sequence(plan, quantization, 1, context - 1, context))


def weights_read(
    plan: LayerPlan,
    quantization: Quantization,
    tokens: int,
    experts: Callable[[Weight, int], int] = fewest_experts,
) -> Iterator[tuple[Weight, int]]:
    """Every tensor that a step reads, with its bytes; one that several layers share only once.

    Args:
        plan: The model.
        quantization: How its weights are stored.
        tokens: Tokens that pass the layers; each also reads its row of the embedding.
        experts: How many copies of a tensor are read.
    """
    seen: set[tuple[str, str, int]] = set()
    for index, layer in enumerate(plan.layers):
        for weight in plan.weights_of[id(layer)]:
            key = (weight.shared, weight.name, weight.rows)
            if weight.shared and key in seen:
                continue
            seen.add(key)
            stored = quantization.bytes_of(index, weight)
            yield weight, stored * experts(weight, tokens) // weight.copies if weight.copies > 1 else stored
    for weight in (*plan.extras, plan.output):
        yield weight, quantization.bytes_of(None, weight)
    yield plan.embedding, tokens * plan.hidden * BF16_BYTES


def matrix_flops(plan: LayerPlan, quantization: Quantization) -> Counter[str]:
    """Operations of one token with the matrices of the layers, by the datatype that they can be done in at best."""
    flops: Counter[str] = Counter()
    for index, layer in enumerate(plan.layers):
        for weight in plan.weights_of[id(layer)]:
            if weight.matmul:
                found = quantization.scheme_of(index, weight)
                flops[found.compute if found else "bf16"] += 2 * weight.active
    return flops


def sequence(plan: LayerPlan, quantization: Quantization, new: int, prefix: int, seen: int) -> Work:
    """Work of one sequence that no other shares: its attention, its logits, its cache and state.

    Args:
        plan: The model.
        quantization: How its cache is stored.
        new: New tokens; 1 for a decode step.
        prefix: Tokens of it that are in the cache already.
        seen: Tokens whose cache is read: a decode step looks at its own too.
    """
    kv = quantization.kv_bytes
    flops: Counter[str] = Counter()
    # Attention can be computed as narrow as the cache is kept.
    flops["fp8" if kv <= 1 else "bf16"] += sum(_known(plan.layers, lambda layer: layer.mixer.core_flops(prefix, new)))
    # Only the last token needs logits.
    flops["bf16"] += 2 * plan.output.parameters
    read = sum(_known(plan.layers, lambda layer: parts_bytes(layer.mixer.read(seen), kv))) if seen else 0
    kept = kv_cache_bytes(plan.layers, new, number_bytes=kv) + state_bytes(plan.layers)
    return Work(dict(flops), 0, read, kept, new)


def _known(layers: tuple[Layer, ...], count: Callable[[Layer], int]) -> list[int]:
    known: dict[int, int] = {}
    for layer in layers:
        if id(layer.mixer) not in known:
            known[id(layer.mixer)] = count(layer)
    return [known[id(layer.mixer)] for layer in layers]


def _work(  # noqa: PLR0913, PLR0917 - what the two steps have in common
    plan: LayerPlan,
    quantization: Quantization,
    tokens: int,
    sequences: int,
    experts: Callable[[Weight, int], int],
    each: Work,
) -> Work:
    flops = Counter({name: count * tokens for name, count in matrix_flops(plan, quantization).items()})
    flops.update({name: count * sequences for name, count in each.flops.items()})
    size = sum(size for _, size in weights_read(plan, quantization, tokens, experts))
    named = {name: count for name, count in sorted(flops.items()) if count}
    return Work(named, size, sequences * each.cache_read, sequences * each.cache_written, tokens)
