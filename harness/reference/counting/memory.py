"""What one sequence keeps between tokens: keys and values that grow, and recurrent state that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.counting.ranks import cache_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.reference.layers import Layer, LayerPlan
    from harness.reference.mixers import Cache

BF16_BYTES = 2


def kv_cache_bytes(plan: LayerPlan, length: int, *, number_bytes: float = BF16_BYTES, tp: int = 1) -> int:
    """Bytes of the keys, values, latents and indexer keys of one sequence.

    Args:
        plan: The model.
        length: Tokens of the sequence.
        number_bytes: Bytes of one number.
        tp: Tensor-parallel ranks; the result is of the fullest one.
    """
    return _bytes(plan.layers, length, number_bytes, tp, state=False)


def state_bytes(plan: LayerPlan, *, tp: int = 1) -> int:
    """Bytes of the recurrent state of one sequence, each part at the precision it is kept in.

    Args:
        plan: The model.
        tp: Tensor-parallel ranks; the result is of the fullest one.
    """
    return _bytes(plan.layers, 1, BF16_BYTES, tp, state=True)


def layers_bytes(layers: tuple[Layer, ...], length: int, *, number_bytes: float = BF16_BYTES, tp: int = 1) -> int:
    """Bytes that some layers keep for one sequence, state included; as of one pipeline stage."""
    return _bytes(layers, length, number_bytes, tp, state=False) + _bytes(layers, length, number_bytes, tp, state=True)


def parts_bytes(parts: Iterable[Cache], number_bytes: float, tp: int = 1) -> int:
    """Bytes of parts of a cache on the fullest of `tp` ranks."""
    return sum(int(part.elements * cache_share(part, tp) * (part.state_bytes or number_bytes)) for part in parts)


def _bytes(layers: tuple[Layer, ...], length: int, number_bytes: float, tp: int, *, state: bool) -> int:
    known: dict[int, int] = {}
    total = 0
    for layer in layers:
        # Layers of a plan share their mixers, so that each needs counting once.
        key = id(layer.mixer)
        if key not in known:
            parts = (part for part in layer.mixer.cache(length) if (part.state_bytes is not None) is state)
            known[key] = parts_bytes(parts, number_bytes, tp)
        total += known[key]
    return total
