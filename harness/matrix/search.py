"""The fast search: the full search's verdict from a small part of its space.

Every step runs the subject's own search over a subset of layouts, so only the choice of subsets needs an argument.

PASS needs one witness. The full search keeps every feasible point that a layout yields and drops nothing because of
another layout, so one layout with a feasible point proves that the full search is non-empty. An error at a larger
batch would take the layout's rows with it, so every batch of the witness is run, with the smallest and the largest
context-token budgets.

Disaggregated, the full search pairs only the `prefill_kept` best prefill candidates, so a pair of layouts proves a
PASS only if no candidate can push the pair out. `_without_partner` says when that holds; where it does not, all prefill
layouts are run, so that the subject ranks them itself. More decode candidates and more replicas only add deployments.

FAIL needs the space once. Where no witness is found, all layouts are run at every batch. Two things are left out then.
The ladder of TPOT targets: its highest rung admits every point that a lower one admits. And the context-token budgets
between the smallest two and the largest: the smallest is the least demanding of memory and latency, and what breaks
with size, or has data only from some size on, shows at the ends. On all 7,950 cells of 0.12.0 the verdicts with and
without the budgets between are the same.

HYBRID also reports the worst tier of data that the whole search touches. Which tier a layout touches depends on which
tables and shapes exist for its sharding. The witness is run at every batch; other layouts are run at batch 1, until
every sharding size that any layout has was estimated once, or the worst tier there is has shown up.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.coordinates import Mode
from harness.matrix.records import SOURCES
from harness.subjects.api import Answer, DataMode, Failure, Grid, Narrowing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.subjects.api import Layout, Outcome, Pairing, Search

WITNESSES = 5
"""Single layouts (or pairs of them) tried before all layouts are run at batch 1, and then the whole space."""

_GPU_ORDER = (8, 16, 4, 32, 2, 1, 64, 128)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with, and how many runs of the subject's search it took."""

    outcome: Outcome
    runs: int


def find(search: Search, mode: Mode, data_mode: DataMode) -> Found:
    """Decide a cell's search without running all of it."""
    witness = _find_agg(search) if mode is Mode.AGG else _find_disagg(search)
    if data_mode is DataMode.HYBRID and feasible(witness.outcome):
        return _survey(search, mode, witness)
    return witness


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


def _find_agg(search: Search) -> Found:
    tried = _Runs(search)
    for layout in _likely(search.layouts("agg")):
        outcome = tried.run(Narrowing(agg=(layout,), grid=Grid.FIRST))
        if feasible(outcome):
            break
    else:
        outcome = tried.run_rest(Narrowing(grid=Grid.FIRST))
    if feasible(outcome):
        # An error at a larger batch would cost the layout its rows in the full search, so all batches are run.
        outcome = tried.run(Narrowing(agg=_witness(outcome), grid=Grid.OUTLINE))
    return tried.found(outcome if feasible(outcome) else tried.run(Narrowing(grid=Grid.OUTLINE)))


def _find_disagg(search: Search) -> Found:
    tried = _Runs(search)
    pairing = search.pairing()
    prefill, decode = search.layouts("prefill"), search.layouts("decode")
    working: dict[Layout, Outcome] = {}
    failures = 0
    for layout in witness_order(decode):
        if failures == WITNESSES:
            break
        if layout not in prefill or not _can_pair(layout, layout, pairing) or any(layout.tp == w.tp for w in working):
            continue
        outcome = tried.run(Narrowing(prefill=(layout,), decode=(layout,), grid=Grid.FIRST))
        if not feasible(outcome):
            failures += 1
            continue
        working[layout] = outcome
        if _without_partner(prefill, working, pairing) < pairing.prefill_kept:
            return tried.found(next(iter(working.values())))
    first = Narrowing(grid=Grid.FIRST)
    wider = [replace(first, one_replica=True), first]
    if len(prefill) > pairing.prefill_kept:
        wider.insert(0, replace(first, decode=_likely_per_tp(decode), one_replica=True))
    for part in wider:
        outcome = tried.run_rest(part)
        if feasible(outcome):
            return tried.found(outcome)
    return tried.found(tried.run(Narrowing()))


def _likely(layouts: Sequence[Layout]) -> list[Layout]:
    return witness_order(layouts)[:WITNESSES]


def _witness(outcome: Outcome) -> tuple[Layout, ...]:
    point = outcome.best if isinstance(outcome, Answer) else None
    return tuple(worker.layout for worker in point.workers) if point else ()


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
        self._outcomes: list[Outcome] = []

    def run(self, part: Narrowing) -> Outcome:
        outcome = self._search.run(part)
        self._outcomes.append(outcome)
        return outcome

    def run_rest(self, part: Narrowing) -> Outcome:
        """Look beyond the likely layouts, unless those only lacked data: the others will lack it too."""
        lacking = [outcome for outcome in self._outcomes if isinstance(outcome, Failure) and outcome.missing_data]
        only_lacking = len(lacking) == len(self._outcomes) >= WITNESSES
        return self._outcomes[-1] if only_lacking else self.run(part)

    def found(self, outcome: Outcome) -> Found:
        tiers = frozenset[str]().union(*(each.provenance for each in self._outcomes))
        return Found(replace(outcome, provenance=tiers), len(self._outcomes))


def _without_partner(prefill: Sequence[Layout], decode: Iterable[Layout], pairing: Pairing) -> int:
    """How many prefill layouts none of the decode layouts can be paired with.

    If they are fewer than the search keeps, then one that has a partner is kept, whichever rank best. With fewer
    candidates than it keeps that holds too, when the decode layouts work as prefill candidates themselves.
    """
    return sum(not any(_can_pair(p, d, pairing) for d in decode) for p in prefill)


def _can_pair(prefill: Layout, decode: Layout, pairing: Pairing) -> bool:
    if pairing.same_tp and prefill.tp != decode.tp:
        return False
    return not pairing.replica_gpus or _adds_up(prefill.gpus, decode.gpus, pairing)


@functools.cache
def _adds_up(prefill_gpus: int, decode_gpus: int, pairing: Pairing) -> bool:
    counts = range(1, pairing.max_workers + 1)
    return any(p * prefill_gpus + d * decode_gpus in pairing.replica_gpus for p in counts for d in counts)


def _survey(search: Search, mode: Mode, witness: Found) -> Found:
    """Add the tiers that the rest of the space touches to a witness's answer."""
    tiers, runs = witness.outcome.provenance, witness.runs
    covered: set[tuple[object, ...]] = set()
    for layout, part in _survey_parts(search, mode, witness.outcome):
        if SOURCES[-1] in tiers:
            break
        if _sharding(layout) <= covered:
            continue
        outcome = search.run(part)
        runs += 1
        tiers |= outcome.provenance
        if isinstance(outcome, Answer):
            covered |= _sharding(layout)
    return Found(replace(witness.outcome, provenance=tiers), runs)


def _sharding(layout: Layout) -> set[tuple[object, ...]]:
    """The sizes that decide an op's shape: TP and CP for attention and GEMMs, MoE TP and EP for experts."""
    return {
        ("attention", layout.tp, layout.cp),
        ("experts", layout.moe_tp, layout.moe_ep),
        ("stages", layout.pp),
    }


def _survey_parts(search: Search, mode: Mode, witness: Outcome) -> Iterator[tuple[Layout, Narrowing]]:
    known = _witness(witness)
    if mode is Mode.AGG:
        for layout in witness_order(search.layouts("agg")):
            yield layout, Narrowing(agg=(layout,), grid=Grid.FIRST)
        return
    p, d = known
    # Every decode batch of the witness once, for tiers that only large batches touch.
    yield d, Narrowing(prefill=(p,), decode=(d,), one_replica=True)
    prefill, decode = search.layouts("prefill"), search.layouts("decode")
    pairs = [(layout, layout) for layout in witness_order(decode) if layout in prefill]
    pairs += [(layout, d) for layout in prefill if layout not in decode]
    pairs += [(p, layout) for layout in decode if layout not in prefill]
    for one, other in pairs:
        surveyed = other if one == p else one
        yield surveyed, Narrowing(prefill=(one,), decode=(other,), grid=Grid.FIRST, one_replica=True)
