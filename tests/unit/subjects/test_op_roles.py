from __future__ import annotations

import pytest

from harness.subjects.models import OpKind
from harness.subjects.op_roles import Role, role_of


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("context_embedding", OpKind.EMBEDDING, Role("embedding", "table")),
        ("generation_embedding_ar", OpKind.ALL_REDUCE, Role("communication", "embedding")),
        ("generation_ar_1", OpKind.ALL_REDUCE, Role("communication", "core")),
        ("context_swa_moe_pre_dispatch", OpKind.DISPATCH, Role("communication", "dispatch")),
        ("context_moe_post_dispatch", OpKind.DISPATCH, Role("communication", "combine")),
        ("context_shared_gate_up_gemm", OpKind.GEMM, Role("shared_experts", "in")),
        ("context_shared_gate_gemm", OpKind.GEMM, Role("shared_experts", "gate")),
        ("context_gdn_shared_expert_gate_gemm", OpKind.GEMM, Role("gates", "shared_expert_gate")),
        ("context_swa_shared_mlp_gate_up_gemm", OpKind.GEMM, Role("dense_ffn", "in")),
        ("context_swa_dense_qkv_gemm", OpKind.GEMM, Role("attention", "qkv", "window")),
        ("context_qkv_gemm", OpKind.GEMM, Role("attention", "qkv")),
        ("context_gate_ffn1_gemm", OpKind.GEMM, Role("dense_ffn", "in")),
        ("generation_bmm_pre", OpKind.MLA_BMM, Role("attention", "kv_up_keys", "mla")),
        ("generation_attention", OpKind.MLA, Role("attention", "core")),
        ("generation_something_new_gemm", OpKind.GEMM, Role()),
    ],
)
def test_ops_are_sorted_by_name_and_then_by_kind(name: str, kind: OpKind, role: Role) -> None:
    assert role_of(name, kind) == role
