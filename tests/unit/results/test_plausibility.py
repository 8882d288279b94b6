from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reference.architectures import plan_for
from harness.reference.counting.memory import state_bytes
from harness.reference.counting.ranks import Layout
from harness.reference.hf_config import HFConfig
from harness.reference.roofline import Bound, Roofline, system
from harness.results.plausibility import Figures, Judge, Plausibility, Pool, bounds_of, limit

AGG = Figures("Qwen/Qwen3-32B", "h200_sxm", 500.0, 50.0, 256, 128, (Pool("agg", "tp4 dp2", 4, 60e9),))
DISAGG = replace(AGG, pools=(Pool("prefill", "tp8", 1, 60e9), Pool("decode", "tp2", 32, 60e9)))


def test_bounds_are_those_of_the_pools_that_do_the_work() -> None:
    bounds, gpu = bounds_of(HFConfig.load(AGG.model)), system("h200_sxm")
    judged = Judge().judge(AGG)
    assert judged.plausibility is Plausibility.PLAUSIBLE
    assert judged.ttft == bounds.prefill(gpu, Layout(tp=4, dp=2), batch=2, isl=128, prefix=128)
    assert judged.tpot == bounds.decode(gpu, Layout(tp=4, dp=2), batch=8, context=256)
    apart = Judge().judge(DISAGG)
    assert apart.ttft == bounds.prefill(gpu, Layout(tp=8), batch=1, isl=128, prefix=128)
    assert apart.tpot == bounds.decode(gpu, Layout(tp=2), batch=32, context=256)


@pytest.mark.parametrize(
    ("figures", "doubt"),
    [
        (replace(AGG, ttft_ms=0.01), "TTFT is below what the GPUs can do (compute)"),
        (replace(AGG, tpot_ms=0.01), "TPOT is below what the GPUs can do (memory)"),
        (replace(AGG, pools=(replace(AGG.pools[0], memory_bytes=151e9),)), "it takes more memory than a GPU has"),
    ],
)
def test_what_physics_does_not_allow_is_implausible(figures: Figures, doubt: str) -> None:
    judged = Judge().judge(figures)
    assert (judged.plausibility, judged.doubt) == (Plausibility.IMPLAUSIBLE, doubt)


def test_a_figure_at_its_bound_is_plausible() -> None:
    judged = Judge().judge(AGG)
    assert judged.ttft
    assert judged.tpot
    at_bound = replace(AGG, ttft_ms=round(judged.ttft.total, 3), tpot_ms=round(judged.tpot.total, 3))
    assert Judge().judge(at_bound).plausibility is Plausibility.PLAUSIBLE


@pytest.mark.parametrize(
    ("figures", "doubt"),
    [
        (replace(AGG, system="abacus"), "nothing is known of the GPUs of abacus"),
        (replace(AGG, model="Org/Nobody"), "Org/Nobody"),
        (replace(AGG, pools=(Pool("agg", "tp3", 1, 1.0),)), "--tp: found 3"),
        (replace(AGG, pools=(Pool("agg", "round", 1, 1.0),)), "no layout: round"),
    ],
)
def test_what_cannot_be_judged_says_why(figures: Figures, doubt: str) -> None:
    judged = Judge().judge(figures)
    assert judged.plausibility is Plausibility.UNJUDGED
    assert doubt in judged.doubt


def test_recurrent_state_may_be_kept_in_16_bits_and_the_cache_in_8() -> None:
    model = "Qwen/Qwen3.5-397B-A17B"
    config, gpu = HFConfig.load(model), system("h200_sxm")
    plan = plan_for(config)
    pools = (Pool("agg", "tp8 etp1ep8", 64, 60e9),)
    judged = Judge().judge(replace(AGG, model=model, pools=pools))
    whole = bounds_of(config).decode(gpu, Layout(tp=8, ep=8), batch=64, context=256)
    assert judged.tpot
    # State is read and written: 16 bits in place of 32 spare as much as it takes once.
    spared = 64 * state_bytes(plan.layers) / 8 / gpu.memory_bandwidth * 1e3
    assert judged.tpot.memory == pytest.approx(whole.memory - spared)
    assert spared > 0


def test_the_bound_rests_on_the_largest_side() -> None:
    assert [limit(Bound(*sides)) for sides in ((3, 2, 1), (1, 3, 2), (1, 2, 3))] == ["compute", "memory", "links"]
    assert isinstance(bounds_of(HFConfig.load(AGG.model)), Roofline)
