from __future__ import annotations

from functools import cache

import pytest

from harness.errors import UsageError
from harness.reference.architectures import plan_for
from harness.reference.counting import Layout, Quantization, Rank, Step, Work, decode, prefill, rank_work
from harness.reference.counting.ranks import ranks_of
from harness.reference.hf_config import HFConfig

plan = cache(lambda model: plan_for(HFConfig.load(model)))
BF16 = Quantization.unquantized()
LLAMA, QWEN, GPT = "meta-llama/Meta-Llama-3.1-8B", "Qwen/Qwen3.5-397B-A17B", "openai/gpt-oss-120b"


def works(model: str, layout: Layout, step: Step) -> list[Work]:
    return [rank_work(plan(model), BF16, layout, rank, step) for rank in ranks_of(layout)]


@pytest.mark.parametrize("model", [LLAMA, QWEN, GPT, "deepseek-ai/DeepSeek-V3.2", "Qwen/Qwen3-0.6B"])
def test_one_rank_does_everything(model: str) -> None:
    (work,) = works(model, Layout(), Step(3, 100))
    assert work == prefill(plan(model), BF16, 3, 100)
    (work,) = works(model, Layout(), Step(3, 1, 999))
    assert work == decode(plan(model), BF16, 3, 1000)


def test_tensor_parallel_ranks_sum_back() -> None:
    whole = decode(plan(LLAMA), BF16, 4, 1000)
    ranks = works(LLAMA, Layout(tp=8), Step(4, 1, 999))
    assert sum(work.total_flops for work in ranks) == whole.total_flops
    assert sum(work.cache_read for work in ranks) == whole.cache_read
    norms = 2 * (2 * 32 + 1) * 4096
    assert sum(work.weight_bytes for work in ranks) == whole.weight_bytes + 7 * norms


def test_stages_sum_back() -> None:
    whole = prefill(plan(GPT), BF16, 2, 500)
    ranks = works(GPT, Layout(pp=4), Step(2, 500))
    assert sum(work.total_flops for work in ranks) == whole.total_flops
    assert sum(work.total_bytes for work in ranks) == whole.total_bytes


def test_groups_sum_back_and_share_the_experts() -> None:
    whole = prefill(plan(QWEN), BF16, 8, 500)
    ranks = works(QWEN, Layout(dp=8, ep=8), Step(8, 500))
    assert len({work.total_flops for work in ranks}) == 1
    assert sum(work.total_flops for work in ranks) == pytest.approx(whole.total_flops, rel=1e-9)


def test_a_group_without_a_sequence_still_serves_experts() -> None:
    model, layout = plan(QWEN), Layout(dp=2, ep=2)
    busy, idle = (rank_work(model, BF16, layout, Rank(group=group), Step(1, 10)) for group in (0, 1))
    assert idle.tokens == idle.cache_written == 0
    assert 0 < idle.total_flops < busy.total_flops


def test_a_layout_that_cuts_heads_is_refused() -> None:
    with pytest.raises(UsageError):
        rank_work(plan(LLAMA), BF16, Layout(tp=3), Rank(), Step(1))
