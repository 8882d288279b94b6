"""What one sequence keeps between tokens: keys and values that grow, and recurrent state that does not.

Every function takes layers, so that it answers for a whole plan (`plan.layers`) and for one pipeline stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.counting.ranks import cache_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.reference.layers import Layer
    from harness.reference.mixers import Cache

BF16_BYTES = 2


def kv_cache_bytes(layers: tuple[Layer, ...], length: int, *, number_bytes: float = BF16_BYTES, tp: int = 1) -> int:
    """Bytes of the keys, values, latents and indexer keys of one sequence.

    Args:
        layers: The layers that keep them.
        length: Tokens of the sequence.
        number_bytes: Bytes of one number.
        tp: Tensor-parallel ranks; the result is of the fullest one.
    """
    return _bytes(layers, length, number_bytes, tp, state=False)


def state_bytes(layers: tuple[Layer, ...], *, tp: int = 1) -> int:
    """Bytes of the recurrent state of one sequence, each part at the precision it is kept in.

    Args:
        layers: The layers that keep it.
        tp: Tensor-parallel ranks; the result is of the fullest one.
    """
    return _bytes(layers, 1, BF16_BYTES, tp, state=True)


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
