"""The fast search: the full search's verdict from a small part of its space.

Every step runs the subject's own search over a subset of layouts, so only the choice of subsets needs an argument.

PASS needs one witness. The full search keeps every feasible point that a layout yields and drops nothing because of
another layout, so a layout whose whole batch schedule was run and yielded a point proves that the full search is
non-empty. In disaggregated serving it pairs only the `prefill_kept` best prefill candidates, so a pair of layouts
proves it only if no candidate can push the pair out; `_undisplaceable` says when that holds, and where it does not,
all prefill layouts are run, so that the subject ranks them itself.

FAIL needs the space once. Where no witness is found, all layouts are run. What is left out then is the ladder of TPOT
targets: its highest rung admits every point that a lower one admits.

HYBRID also reports the worst tier of data that the whole search touches. Which tier a layout touches depends on which
tables and shapes exist for its sharding, and not on how large the batch is, so every layout is run at batch 1 until
the worst tier there is has shown up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.coordinates import Mode
from harness.matrix.records import SOURCES
from harness.subjects.api import DataMode, Failure, Narrowing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.subjects.api import Layout, Outcome, Pairing, Search

WITNESSES = 12
"""Single layouts (or pairs of them) tried before the whole space is run."""

_GPU_ORDER = (8, 16, 4, 32, 2, 1, 64, 128)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with, and how many runs of the subject's search it took."""

    outcome: Outcome
    runs: int


def find(search: Search, mode: Mode, data_mode: DataMode) -> Found:
    """Decide a cell's search without running all of it."""
    if mode is Mode.AGG:
        witness = _find_agg(search, confirm=data_mode is DataMode.SILICON)
    else:
        witness = _find_disagg(search)
    return _survey(search, witness) if data_mode is DataMode.HYBRID and feasible(witness.outcome) else witness


def feasible(outcome: Outcome) -> bool:
    """Whether a search found a deployment whose estimate is a number at all."""
    if isinstance(outcome, Failure) or outcome.best is None:
        return False
    point = outcome.best
    return all(math.isfinite(x) and x > 0 for x in (point.ttft_ms, point.tpot_ms, point.tokens_per_s_per_gpu))


def witness_order(layouts: Sequence[Layout]) -> list[Layout]:
    """Layouts that usually work first: 8, 16, 4, 32 GPUs; pure TP, TEP or DEP; no PP, no CP. Stable otherwise."""

    def unlikely(layout: Layout) -> tuple[bool, bool, int]:
        pure_tp = layout.dp == 1 and layout.moe_ep == 1
        expert_parallel = layout.moe_tp == 1 and 1 in (layout.dp, layout.tp)
        rank = _GPU_ORDER.index(layout.gpus) if layout.gpus in _GPU_ORDER else len(_GPU_ORDER)
        return layout.pp * layout.cp > 1, not (pure_tp or expert_parallel), rank

    return sorted(layouts, key=unlikely)


def _find_agg(search: Search, *, confirm: bool) -> Found:
    tried = _Runs(search)
    for layout in witness_order(search.layouts("agg"))[:WITNESSES]:
        outcome = tried.run(Narrowing(agg=(layout,), first_batch_only=True))
        if feasible(outcome) and confirm:
            # An error at a larger batch would cost the layout its rows in the full search, so all batches are run.
            outcome = tried.run(Narrowing(agg=(layout,)))
        if feasible(outcome):
            return tried.found(outcome)
    return tried.found(tried.run(Narrowing()))


def _find_disagg(search: Search) -> Found:
    tried = _Runs(search)
    for part in _disagg_parts(search):
        outcome = tried.run(part)
        if feasible(outcome):
            return tried.found(outcome)
    return tried.found(tried.run(Narrowing()))


def _disagg_parts(search: Search) -> Iterator[Narrowing]:
    pairing = search.pairing()
    prefill, decode = search.layouts("prefill"), search.layouts("decode")
    rivals_matter = len(prefill) > pairing.prefill_kept
    for layout in witness_order(decode)[:WITNESSES]:
        if layout not in prefill or not _can_pair(layout, layout, pairing):
            continue
        if not rivals_matter or _undisplaceable(layout, prefill, pairing):
            yield Narrowing(prefill=(layout,), decode=(layout,), first_batch_only=True)
    if rivals_matter:
        yield Narrowing(decode=_likely_per_tp(decode), first_batch_only=True)


def _likely_per_tp(decode: Sequence[Layout]) -> tuple[Layout, ...]:
    """The two most likely layouts of every TP size: more decode candidates can only add deployments."""
    by_tp: dict[int, list[Layout]] = {}
    for layout in witness_order(decode):
        by_tp.setdefault(layout.tp, []).append(layout)
    return tuple(layout for group in by_tp.values() for layout in group[:2])


class _Runs:
    """Counts runs of a search, and gathers the tiers of data that they touch."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._count = 0
        self._tiers: frozenset[str] = frozenset()

    def run(self, part: Narrowing) -> Outcome:
        outcome = self._search.run(part)
        self._count += 1
        self._tiers |= outcome.provenance
        return outcome

    def found(self, outcome: Outcome) -> Found:
        return Found(replace(outcome, provenance=self._tiers), self._count)


def _undisplaceable(decode: Layout, prefill: Sequence[Layout], pairing: Pairing) -> bool:
    """Whether every prefill layout could be paired with this decode layout.

    If so, it does not matter which prefill candidates rank among the best: any of them makes a deployment.
    """
    return all(_can_pair(layout, decode, pairing) for layout in prefill)


def _can_pair(prefill: Layout, decode: Layout, pairing: Pairing) -> bool:
    if pairing.same_tp and prefill.tp != decode.tp:
        return False
    if not pairing.replica_gpus:
        return True
    counts = range(1, pairing.max_workers + 1)
    return any(p * prefill.gpus + d * decode.gpus in pairing.replica_gpus for p in counts for d in counts)


def _survey(search: Search, witness: Found) -> Found:
    """Add the tiers that the rest of the space touches to a witness's answer."""
    if SOURCES[-1] in witness.outcome.provenance:
        return witness
    survey = search.run(Narrowing(first_batch_only=True, one_replica=True))
    tiers = witness.outcome.provenance | survey.provenance
    return Found(replace(witness.outcome, provenance=tiers), witness.runs + 1)
