from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.checks.matrices import Part, Shape, expected_of
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from harness.checks.matrices import Expected


def expected(name: str, tp: int = 1, *apart: str) -> Expected:
    return expected_of(plan_for(HFConfig.load(name)), tp, gates_apart=frozenset(apart))


@pytest.mark.parametrize(
    ("name", "tp", "part", "shapes"),
    [
        # 32 query heads and 2 x 8 key and value heads of 128; 4 and 2 x 1 at tp8.
        ("meta-llama/Meta-Llama-3.1-8B", 1, Part("attention", "qkv", "full"), {(6144, 4096): 32}),
        ("meta-llama/Meta-Llama-3.1-8B", 8, Part("attention", "qkv", "full"), {(768, 4096): 32}),
        # 4 key and value heads are copied at tp8.
        ("Qwen/Qwen3-235B-A22B", 8, Part("attention", "qkv"), {(1280, 4096): 94}),
        ("deepseek-ai/DeepSeek-V3", 8, Part("attention", "low_rank_in", "mla"), {(1536 + 576, 7168): 61}),
        ("deepseek-ai/DeepSeek-V3", 8, Part("attention", "out", "mla"), {(7168, 2048): 61}),
        ("moonshotai/Kimi-K3", 1, Part("attention", "in", "kda"), {(4 * 12288, 7168): 69}),
        ("Qwen/Qwen3.5-397B-A17B", 1, Part("attention", "out"), {(4096, 8192): 60}),
    ],
)
def test_shapes_follow_from_the_config(name: str, tp: int, part: Part, shapes: dict[tuple[int, int], int]) -> None:
    assert expected(name, tp).shapes(part) == {Shape(*shape): count for shape, count in shapes.items()}


def test_a_gate_is_one_matrix_with_what_it_gates_unless_it_stands_apart() -> None:
    part = Part("dense_ffn", "in")
    assert expected("Qwen/Qwen3-32B").shapes(part) == {Shape(2 * 25600, 5120): 64}
    assert expected("Qwen/Qwen3-32B", 1, "dense_ffn").shapes(part) == {Shape(25600, 5120): 64}


def test_a_chunk_counts_as_a_window() -> None:
    found = expected("meta-llama/Llama-4-Scout-17B-16E-Instruct")
    assert {kind: kernels.total() for kind, kernels in found.kernels.items()} == {"window": 36, "full": 12}
    assert {kernel.window for kernel in found.kernels["window"]} == {8192}
