"""How many (query, key) pairs causal attention looks at, in closed form: a million tokens cost no loop.

A span is `new` consecutive queries that follow `prefix` tokens; query number p (from 1) sees the keys 1..p.
"""

from __future__ import annotations


def causal(prefix: int, new: int) -> int:
    """Pairs of full attention."""
    return new * prefix + new * (new + 1) // 2


def windowed(prefix: int, new: int, window: int) -> int:
    """Pairs where a query sees at most the last `window` keys, itself included."""
    return _clipped(prefix + new, window) - _clipped(prefix, window)


def chunked(prefix: int, new: int, chunk: int) -> int:
    """Pairs where a query sees the keys of its own chunk only."""
    return _in_chunks(prefix + new, chunk) - _in_chunks(prefix, chunk)


def compressed(prefix: int, new: int, ratio: int, most: int | None = None) -> int:
    """Pairs with compressed entries, one for every `ratio` finished tokens, of which a query sees at most `most`."""
    return _entries(prefix + new, ratio, most) - _entries(prefix, ratio, most)


def _clipped(tokens: int, window: int) -> int:
    ramp = min(tokens, window)
    return ramp * (ramp + 1) // 2 + (tokens - ramp) * window


def _in_chunks(tokens: int, chunk: int) -> int:
    whole, rest = divmod(tokens, chunk)
    return whole * (chunk * (chunk + 1) // 2) + rest * (rest + 1) // 2


def _entries(tokens: int, ratio: int, most: int | None) -> int:
    # Sum over p = 1..tokens of min(p // ratio, most): each full entry count holds for `ratio` queries.
    full = tokens // ratio
    ramp = full if most is None else min(full, most)
    total = ratio * ramp * (ramp - 1) // 2
    beyond = tokens - ramp * ratio + 1 if ramp else 0
    return total + ramp * beyond
