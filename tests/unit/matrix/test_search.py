from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.coordinates import Mode
from harness.matrix.search import WITNESSES, feasible, find, witness_order
from harness.subjects.api import Answer, DataMode, Grid, Layout, Narrowing, Pairing
from tests.fakes.subjects import Behaviour, ModelSearch

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
    assert len(search.runs) == 1


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


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pools)
def test_fast_and_full_search_agree_on_every_aggregated_space(pool: dict[Layout, Behaviour]) -> None:
    search = ModelSearch(Mode.AGG, {"agg": pool}, ANY_PAIR)
    full = search.run(Narrowing())
    fast = find(search, Mode.AGG, DataMode.SILICON).outcome
    assert feasible(fast) == feasible(full)
    if not feasible(full):
        assert fast == full


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pools, pools, rules)
def test_fast_and_full_search_agree_on_every_disaggregated_space(
    prefill: dict[Layout, Behaviour], decode: dict[Layout, Behaviour], pairing: Pairing
) -> None:
    search = ModelSearch(Mode.DISAGG, {"prefill": prefill, "decode": decode | prefill}, pairing)
    full = search.run(Narrowing())
    fast = find(search, Mode.DISAGG, DataMode.SILICON).outcome
    assert feasible(fast) == feasible(full)
    if not feasible(full):
        assert fast == full
