"""Ops of the generations whose ops are Python classes (0.4 to 0.10) in neutral words.

They keep what they were built with in attributes of the same names as the facts of the compiled ops, with an underscore
before them; `_NAMES` lists those that are called otherwise.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from harness.subjects.neutral_ops import neutral
from harness.subjects.wrappers import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.models import Op

_NAMES = {
    "row_size": "vocab_size",
    "column_size": "hidden_size",
    "h": "hidden_size",
    "kvcache_quant_mode": "kv_cache_dtype",
    "if_pre": "is_pre",
}
_NOT_FACTS = frozenset({"weights", "empirical_bw_scaling_factor", "constant_latency"})
"""Attributes that say nothing of the model: what weights come to, and constants of the formula for elementwise ops."""
_COMPRESSION = {0: "window", 4: "csa"}
"""Kind of compressed attention by its compression ratio; every other ratio compresses heavily."""


def leaves(ops: Any, backend: str) -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
    """Take wrapper ops apart, and say of each op what it computes and for which component.

    Args:
        ops: The ops of a phase.
        backend: Serving backend that they were built for; a dispatch is told only when it is priced.
    """
    for op, alternative in unwrapped(ops):
        facts = _facts(op) | {"backend": backend, "attn_ar_modeled": False}
        yield neutral(type(op).__name__, facts, float(op.get_weights()), alternative)


def _facts(op: Any) -> dict[str, Any]:  # noqa: ANN401
    bare = {name.removeprefix("_"): _named(value) for name, value in vars(op).items()}
    facts = {_NAMES.get(name, name): value for name, value in bare.items() if name not in _NOT_FACTS}
    if "compress_ratio" in facts:
        facts["attn_kind"] = _COMPRESSION.get(facts["compress_ratio"], "hca")
    return facts


def _named(value: Any) -> Any:  # noqa: ANN401
    return value.name if isinstance(value, Enum) else value
