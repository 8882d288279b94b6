"""Whether the figures behind a status can be believed: the estimate of each feasible cell against what physics allows.

A status says that the subject answered; plausibility says whether to believe it. A bound takes weights as the
checkpoint stores them, and cache and recurrent state no wider than engines may keep them: 8 and 16 bits.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.reference import roofline
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.memory import state_bytes
from harness.reference.counting.ranks import Layout as Division
from harness.reference.hf_config import HFConfig
from harness.reference.roofline import Roofline
from harness.subjects.api import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.reference.roofline import Bound, System

_NARROWEST_CACHE = 1.0
"""Bytes of a number of the cache in 8 bits."""
_ROUNDING_MS = 5e-4
"""Figures of the subject have three decimals."""


class Plausibility(StrEnum):
    """What the figures of a cell are worth."""

    PLAUSIBLE = "plausible"
    IMPLAUSIBLE = "implausible"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of workers.

    Attributes:
        role: `agg`, `prefill` or `decode`.
        layout: Parallel layout, as the evidence spells it.
        batch: Requests in flight in a worker.
        memory_bytes: Memory of one GPU.
    """

    role: str
    layout: str
    batch: int
    memory_bytes: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What the subject says of one feasible cell.

    Attributes:
        model, system: Where.
        ttft_ms, tpot_ms: Time to the first token and time per output token.
        isl: Input in tokens, the cached prefix included.
        prefix: Cached tokens of it.
        pools: The deployment.
    """

    model: str
    system: str
    ttft_ms: float
    tpot_ms: float
    isl: int
    prefix: int
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What physics says of a cell.

    Attributes:
        plausibility: The verdict.
        doubt: Why it is not plausible; empty where it is.
        ttft, tpot: Lower bounds; None where none is known.
    """

    plausibility: Plausibility
    doubt: str
    ttft: Bound | None = None
    tpot: Bound | None = None


def bounds_of(config: HFConfig) -> Roofline:
    """Lower bounds of a model: weights as the checkpoint stores them, the cache no wider than engines may keep it.

    Raises:
        ConfigError: The config cannot be read.
    """
    stored = copy(quantization_of(config))
    stored.kv_bytes = min(stored.kv_bytes, _NARROWEST_CACHE)
    return Roofline(plan_for(config), stored)


class Judge:
    """Judges the figures of cells; what they have in common is counted once.

    Args:
        folder: Where stored configs are looked up; the harness's own by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._read = cache(self._reading)
        self._bound = cache(self._bounded)

    def judge(self, figures: Figures) -> Judgement:
        """Judge the figures of one cell."""
        gpu = roofline.systems().get(figures.system)
        if gpu is None:
            return Judgement(Plausibility.UNJUDGED, f"nothing is known of the GPUs of {figures.system}")
        model, system = figures.model, figures.system
        pools = {pool.role: pool for pool in figures.pools}
        first, step = (pools.get(role) or pools.get("agg") for role in ("prefill", "decode"))
        try:
            ttft = self._bound(model, system, first.layout, 1, figures.isl, figures.prefix) if first else None
            tpot = self._bound(model, system, step.layout, step.batch, figures.isl, -1) if step else None
        except (HarnessError, ValueError) as error:
            return Judgement(Plausibility.UNJUDGED, str(error))
        doubts = tuple(_doubts(figures, gpu, ttft, tpot))
        verdict = Plausibility.IMPLAUSIBLE if doubts else Plausibility.PLAUSIBLE
        return Judgement(verdict, "; ".join(doubts), ttft, tpot)

    def _reading(self, model: str) -> Roofline:
        return bounds_of(HFConfig.load(model, self._folder))

    def _bounded(self, model: str, system: str, layout: str, batch: int, isl: int, prefix: int) -> Bound:  # noqa: PLR0913, PLR0917 - a step has that many sides
        """Bound of a prefill, or of a decode step where the prefix is negative."""
        bounds = self._read(model)
        whole, gpu = Layout.parse(layout), roofline.system(system)
        division = Division(whole.tp * whole.cp, whole.pp, whole.moe_ep, whole.dp)
        sequences = batch * whole.dp
        if prefix >= 0:
            bound = bounds.prefill(gpu, division, batch=sequences, isl=isl - prefix, prefix=prefix)
        else:
            bound = bounds.decode(gpu, division, batch=sequences, context=isl)
        spared = sequences * state_bytes(bounds.plan.layers) / division.ranks / gpu.memory_bandwidth * 1e3
        return replace(bound, memory=max(bound.memory - spared, 0.0))


def _doubts(figures: Figures, gpu: System, ttft: Bound | None, tpot: Bound | None) -> Iterable[str]:
    for name, said, bound in (("TTFT", figures.ttft_ms, ttft), ("TPOT", figures.tpot_ms, tpot)):
        if bound is not None and said + _ROUNDING_MS < bound.total:
            yield f"{name} is below what the GPUs can do ({limit(bound)})"
    if any(pool.memory_bytes > gpu.memory_capacity for pool in figures.pools):
        yield "it takes more memory than a GPU has"


def limit(bound: Bound) -> str:
    """What a bound rests on: `compute`, `memory` or `links`."""
    sides = {"compute": bound.compute, "memory": bound.memory, "links": bound.links}
    return max(sides, key=lambda side: sides[side])
