"""Keeps release 0.12 from doing the same work again for every layout of a search.

Each shortcut replaces a pure function by one with the same answers, only while one of our narrowed searches runs; the
subject's own full search runs without them.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import yaml
from aiconfigurator_core.sdk import perf_database
from aiconfigurator_core.sdk.models import helpers

from harness.subjects.outlines import Table
from harness.subjects.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.outlines import Outlines

_LAYER_FORMATS = "_collect_mixed_precision_layer_algos"
_FREEZE = "_finalize_loaded_value"


@contextlib.contextmanager
def in_use(outlines: Outlines | None = None) -> Iterator[None]:
    """Parse YAML with libyaml, read the formats of a checkpoint's layers once, and freeze tables without detours.

    The subject re-reads its system files on every database request (a tenth of a run with its pure-Python parser);
    for every layout it walks all quantized layers of a mixed-precision checkpoint: 22,000 of them, 60 ms, for
    nvidia/MiniMax-M3-NVFP4; and of every figure of a loaded table, two million for one database, it asks an abstract
    base class whether it is a mapping.

    Args:
        outlines: What is known of the tables of the database, which then begin as these.
    """
    with (
        replaced(yaml, "SafeLoader", getattr(yaml, "CSafeLoader", yaml.SafeLoader)),
        replaced(helpers, _LAYER_FORMATS, _layer_formats),
        replaced(perf_database, _FREEZE, _frozen),
        outlines.in_use() if outlines else contextlib.nullcontext(),
    ):
        yield


_collect = vars(helpers)[_LAYER_FORMATS]
_known: dict[int, tuple[dict[str, Any], tuple[set[str], set[str]]]] = {}


def _layer_formats(raw_config: dict[str, Any]) -> tuple[set[str], set[str]]:
    # The subject keeps one config object per model for good; holding on to it keeps its id from being used again.
    key = id(raw_config)
    if key not in _known:
        _known[key] = raw_config, _collect(raw_config)
    gemm, moe = _known[key][1]
    return set(gemm), set(moe)


_freeze = vars(perf_database)[_FREEZE]
_FIGURES = frozenset({float, int, str, bool, type(None)})


def _frozen(value: object) -> object:
    kind = type(value)
    if kind in _FIGURES or kind is Table:
        return value
    if kind is dict or kind is defaultdict:
        items = cast("dict[object, object]", value).items()
        return {_frozen(key): item if type(item) in _FIGURES else _frozen(item) for key, item in items}
    return _freeze(value)
