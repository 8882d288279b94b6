"""Ops of the split generation in neutral words.

Private names that it relies on, because the release offers no public way: `_spec_json` of the compiled ops, and the
`_group_a`, `_group_b`, `_primary` and `_fallback` lists of wrapper ops.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.subjects.neutral_ops import neutral
from harness.subjects.wrappers import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.models import Op


def leaves(ops: Any) -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
    """Take wrapper ops apart, and say of each op what it computes and for which component."""
    for op, alternative in unwrapped(ops):
        (facts,) = json.loads(op._spec_json()).values()
        yield neutral(type(op).__name__, facts, float(op.get_weights()), alternative)
