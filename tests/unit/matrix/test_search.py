from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.coordinates import Mode
from harness.matrix.records import SOURCES
from harness.matrix.search import WITNESSES, feasible, find, witness_order
from harness.subjects.api import Answer, DataMode, Grid, Layout, Narrowing, Pairing
from tests.fakes.subjects import Behaviour, ModelSearch

if TYPE_CHECKING:
    from harness.subjects.api import Outcome

OK, SLOW, MISS, OOM, RAISE = "ok", "slow", "miss", "oom", "raise"
ANY_PAIR = Pairing(replica_gpus=frozenset(range(1, 129)), max_workers=32, same_tp=False, prefill_kept=32)


def tp(size: int) -> Layout:
    return Layout(size, 1, 1, 1, 1, 1)


def agg(**behaviours: Behaviour) -> ModelSearch:
    return ModelSearch(Mode.AGG, {"agg": {tp(int(name[2:])): each for name, each in behaviours.items()}}, ANY_PAIR)


def test_likely_layouts_come_first() -> None:
    odd = Layout(2, 1, 4, 2, 4, 1)
    piped = Layout(8, 2, 1, 1, 1, 1)
    tep8, dep16 = Layout(8, 1, 1, 1, 8, 1), Layout(1, 1, 16, 1, 16, 1)
    order = witness_order([tp(1), odd, piped, dep16, tp(8), tep8, tp(4)])
    assert order == [tp(8), tep8, dep16, tp(4), tp(1), odd, piped]


def test_a_pass_takes_one_layout() -> None:
    search = agg(tp1=Behaviour((OOM,)), tp8=Behaviour((OK, OK)), tp4=Behaviour((RAISE,)))
    found = find(search, Mode.AGG, DataMode.SILICON)
    assert feasible(found.outcome)
    assert search.runs == [Narrowing(agg=(tp(8),), grid=Grid.FIRST), Narrowing(agg=(tp(8),), grid=Grid.OUTLINE)]


def test_a_layout_that_breaks_at_a_larger_batch_proves_nothing() -> None:
    search = agg(tp8=Behaviour((OK, RAISE)), tp4=Behaviour((OOM,)))
    assert not feasible(search.run(Narrowing()))
    assert not feasible(find(search, Mode.AGG, DataMode.SILICON).outcome)


def test_a_layout_that_only_works_at_a_larger_batch_is_found() -> None:
    search = agg(tp8=Behaviour((OOM,)), tp4=Behaviour((MISS, SLOW, OK)))
    assert feasible(find(search, Mode.AGG, DataMode.SILICON).outcome)


def test_a_pair_that_better_prefill_candidates_would_push_out_proves_nothing() -> None:
    rivals = {tp(2): Behaviour((OK,), throughput=9.0), tp(8): Behaviour((OK,), throughput=1.0)}
    space = {"prefill": rivals, "decode": {tp(8): Behaviour((OK,))}}
    rules = Pairing(replica_gpus=frozenset(range(1, 129)), max_workers=32, same_tp=True, prefill_kept=1)
    search = ModelSearch(Mode.DISAGG, space, rules)  # type: ignore[arg-type]
    assert not feasible(search.run(Narrowing()))
    assert not feasible(find(search, Mode.DISAGG, DataMode.SILICON).outcome)


def test_hybrid_reports_the_worst_tier_of_the_whole_space() -> None:
    search = agg(tp8=Behaviour((OK,), tier="empirical"), tp1=Behaviour((OK,), tier="xprofile"), tp2=Behaviour((OOM,)))
    outcome = find(search, Mode.AGG, DataMode.HYBRID).outcome
    assert isinstance(outcome, Answer)
    assert outcome.provenance == {"empirical", "xprofile"}


def test_hybrid_stops_at_the_worst_tier_there_is() -> None:
    search = agg(tp8=Behaviour((OK,), tier="xop"), tp1=Behaviour((OK,), tier="xshape"))
    find(search, Mode.AGG, DataMode.HYBRID)
    assert {part.agg for part in search.runs} == {(tp(8),)}


def test_hybrid_looks_at_layouts_that_only_one_pool_has() -> None:
    pools = {"prefill": {tp(8): Behaviour((OK,))}, "decode": {tp(8): Behaviour((OK,))}}
    for role in ("prefill", "decode"):
        space = {**pools, role: {**pools[role], tp(4): Behaviour((OK,), tier="xquant")}}
        outcome = find(ModelSearch(Mode.DISAGG, space, ANY_PAIR), Mode.DISAGG, DataMode.HYBRID).outcome  # type: ignore[arg-type]
        assert outcome.provenance == {"xquant"}


layouts = st.builds(
    Layout,
    tp=st.sampled_from([1, 2, 4, 8]),
    pp=st.sampled_from([1, 2]),
    dp=st.sampled_from([1, 2, 8]),
    moe_tp=st.sampled_from([1, 2]),
    moe_ep=st.sampled_from([1, 8]),
    cp=st.just(1),
)
# Memory is monotone in the batch, so nothing works after the first OOM; everything else may come in any order.
batches = st.lists(st.sampled_from([OK, SLOW, MISS, RAISE, OOM]), min_size=1, max_size=4).map(tuple)
behaviours = st.builds(
    Behaviour, batches, st.integers(1, 9).map(float), st.sampled_from(["", "empirical", "xshape", "xop"])
)
pools = st.dictionaries(layouts, behaviours, min_size=1, max_size=2 * WITNESSES)
rules = st.builds(
    Pairing,
    replica_gpus=st.sampled_from([frozenset({1, 2, 4, 8, 16, 24, 32}), frozenset(range(1, 129)), frozenset({16, 128})]),
    max_workers=st.sampled_from([1, 2, 32]),
    same_tp=st.booleans(),
    prefill_kept=st.sampled_from([1, 2, 32]),
)


data_modes = st.sampled_from(list(DataMode))
# A tier belongs to an op's sharded shape: attention by TP, experts by MoE TP and EP.
tiers = st.tuples(
    st.fixed_dictionaries({size: st.sampled_from(["", "empirical", "xshape"]) for size in (1, 2, 4, 8)}),
    st.fixed_dictionaries({(a, b): st.sampled_from(["", "xquant", "xop"]) for a in (1, 2) for b in (1, 8)}),
)


def with_tiers(
    pool: dict[Layout, Behaviour], tiers: tuple[dict[int, str], dict[tuple[int, int], str]]
) -> dict[Layout, Behaviour]:
    attention, experts = tiers
    return {
        layout: replace(each, tier=max(attention[layout.tp], experts[layout.moe_tp, layout.moe_ep], key=rank))
        for layout, each in pool.items()
    }


def rank(tier: str) -> int:
    return SOURCES.index(tier) if tier else 0


def worst(outcome: Outcome) -> int:
    return max(map(rank, outcome.provenance), default=0)


def agree(search: ModelSearch, data_mode: DataMode) -> None:
    full = search.run(Narrowing())
    fast = find(search, search.mode, data_mode).outcome
    assert feasible(fast) == feasible(full)
    if not feasible(full):
        assert replace(fast, provenance=full.provenance) == full
    elif data_mode is DataMode.HYBRID:
        assert worst(fast) == worst(full)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pools, tiers, data_modes)
def test_fast_and_full_search_agree_on_every_aggregated_space(
    pool: dict[Layout, Behaviour], tiers: tuple[dict[int, str], dict[tuple[int, int], str]], data_mode: DataMode
) -> None:
    agree(ModelSearch(Mode.AGG, {"agg": with_tiers(pool, tiers)}, ANY_PAIR), data_mode)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pools, pools, tiers, rules, data_modes)
def test_fast_and_full_search_agree_on_every_disaggregated_space(
    prefill: dict[Layout, Behaviour],
    decode: dict[Layout, Behaviour],
    tiers: tuple[dict[int, str], dict[tuple[int, int], str]],
    pairing: Pairing,
    data_mode: DataMode,
) -> None:
    space = {"prefill": with_tiers(prefill, tiers), "decode": with_tiers(decode, tiers)}
    agree(ModelSearch(Mode.DISAGG, space, pairing), data_mode)  # type: ignore[arg-type]
