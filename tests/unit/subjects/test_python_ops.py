"""Ops as Python classes: the classes here have the attributes of the subject's."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from harness.subjects.models import Op, OpKind
from harness.subjects.python_ops import leaves

if TYPE_CHECKING:
    from collections.abc import Sequence


class Quant(Enum):
    fp8 = 1


def op(kind: str, name: str, weights: float = 0.0, count: float = 2, **facts: object) -> Any:  # noqa: ANN401
    """An op of the subject in miniature."""
    made = type(kind, (), {"get_weights": lambda self: self._weights * self._scale_factor})()
    vars(made).update({"_name": name, "_scale_factor": count, "_weights": weights})
    vars(made).update({f"_{key}": value for key, value in facts.items()})
    return made


def only(ops: Sequence[object], backend: str = "trtllm") -> Op:
    (found,) = leaves(ops, backend)
    return found


def test_gemm() -> None:
    found = only([op("GEMM", "context_qkv_gemm", 64.0, n=6144, k=4096, quant_mode=Quant.fp8)])
    assert (found.kind, found.component, found.part) == (OpKind.GEMM, "attention", "qkv")
    assert (found.count, found.weight_bytes, found.rows, found.columns) == (2.0, 128.0, 6144, 4096)
    assert found.precision == "fp8"
    assert "weights" not in dict(found.extra)


def test_embedding_says_its_sizes_by_row_and_column() -> None:
    found = only([op("Embedding", "context_embedding", row_size=151936, column_size=4096)])
    assert (found.component, found.rows, found.columns) == ("embedding", 151936, 4096)


@pytest.mark.parametrize(("window", "mixer"), [(0, "full"), (128, "window")])
def test_attention(window: int, mixer: str) -> None:
    facts: dict[str, Any] = {
        "n": 64,
        "n_kv": 8,
        "head_size": 128,
        "window_size": window,
        "kvcache_quant_mode": Quant.fp8,
    }
    found = only([op("ContextAttention", "context_attention", **facts)])
    assert (found.kind, found.mixer, found.window) == (OpKind.ATTENTION, mixer, window)
    assert (found.heads, found.kv_heads, found.head_dim) == (64, 8, 128)
    assert dict(found.extra)["kv_cache_dtype"] == "fp8"


@pytest.mark.parametrize(("ratio", "mixer"), [(4, "csa"), (128, "hca"), (0, "window")])
def test_compressed_attention_is_told_by_its_ratio(ratio: int, mixer: str) -> None:
    found = only([op("ContextDeepSeekV4AttentionModule", "context_attention", compress_ratio=ratio, num_heads=64)])
    assert (found.kind, found.mixer, found.heads) == (OpKind.COMPRESSED, mixer, 64)


def test_constants_of_a_formula_are_no_facts_of_the_model() -> None:
    facts = {"dim_in": 8192, "dim_out": 8192, "empirical_bw_scaling_factor": 0.8, "constant_latency": 5e-6}
    assert {"empirical_bw_scaling_factor", "constant_latency"}.isdisjoint(
        dict(only([op("ElementWise", "context_add_norm_1", **facts)]).extra)
    )


def test_all_reduce() -> None:
    found = only([op("CustomAllReduce", "context_ar_1", h=4096, tp_size=8)])
    assert (found.kind, found.columns, found.collectives) == (OpKind.ALL_REDUCE, 4096, 1)


@pytest.mark.parametrize(("backend", "collectives"), [("trtllm", 1), ("sglang", 2), ("vllm", 2)])
def test_dispatch_is_charged_by_backend(backend: str, collectives: int) -> None:
    facts = {"moe_tp_size": 1, "moe_ep_size": 8, "attention_dp_size": 2, "pre_dispatch": True}
    assert only([op("MoEDispatch", "context_moe_pre_dispatch", **facts)], backend).collectives == collectives


def test_wrappers_are_taken_apart() -> None:
    gemm, core = op("GEMM", "context_shared_ffn2_gemm", n=1, k=2), op("MLAModule", "context_mla_module", num_heads=8)
    side = op("OverlapOp", "context_moe_overlap", group_a=[gemm], group_b=[gemm])
    either = op("FallbackOp", "context_mla_block", primary=core, fallback=[gemm])
    found = list(leaves([side, either], "trtllm"))
    assert [each.name for each in found] == ["context_shared_ffn2_gemm"] * 2 + [
        "context_mla_module",
        "context_shared_ffn2_gemm",
    ]
    assert [each.alternative for each in found] == ["", "", "context_mla_block", ""]


def test_unknown_op_is_other() -> None:
    assert only([op("TurboEncabulator", "context_marzlevanes")]).kind is OpKind.OTHER
