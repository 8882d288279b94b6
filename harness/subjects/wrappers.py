"""Ops that hold other ops: two groups that run side by side, or two ways to price the same work.

Private names that it relies on, because no release offers a public way: the `_group_a`, `_group_b`, `_primary` and
`_fallback` lists, and `_name`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def unwrapped(ops: Any, alternative: str = "") -> Iterator[tuple[Any, str]]:  # noqa: ANN401 - the subject's own types
    """Every op that holds no others, with the name of the wrapper that holds it as a second way; empty for most."""
    for op in ops:
        kind = type(op).__name__
        if kind == "OverlapOp":
            yield from unwrapped([*op._group_a, *op._group_b], alternative)
        elif kind == "FallbackOp":
            # The memory model adds up the op-by-op list; the single kernel is the other way to price the same layers.
            yield from unwrapped(_listed(op._primary), alternative=str(op._name))
            yield from unwrapped(_listed(op._fallback), alternative)
        else:
            yield op, alternative


def _listed(ops: Any) -> list[Any]:  # noqa: ANN401
    return list(ops) if isinstance(ops, list | tuple) else [ops]
