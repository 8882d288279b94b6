from __future__ import annotations

import pytest

from harness.subjects.collectives import collectives


def dispatch(**changes: object) -> dict[str, object]:
    whole = {"moe_tp_size": 8, "moe_ep_size": 1, "attention_dp_size": 1, "attn_ar_modeled": False}
    return {"backend": "trtllm", "pre_dispatch": True, **whole, **changes}


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("CustomAllReduce", {"tp_size": 8}, 1),
        ("CustomAllReduce", {"tp_size": 1}, 0),
        ("NCCL", {"num_gpus": 2}, 1),
        ("GEMM", {}, 0),
        ("MoEDispatch", dispatch(), 1),
        ("MoEDispatch", dispatch(moe_tp_size=1), 0),
        ("MoEDispatch", dispatch(attention_dp_size=8), 1),
        ("MoEDispatch", dispatch(backend="vllm", attn_ar_modeled=True), 0),
        ("MoEDispatch", dispatch(backend="vllm", attn_ar_modeled=True, pre_dispatch=False), 1),
        ("MoEDispatch", dispatch(attn_ar_modeled=True), 1),
        ("MoEDispatch", dispatch(backend="sglang", attention_dp_size=2), 2),
    ],
)
def test_what_an_op_charges(kind: str, facts: dict[str, object], expected: int) -> None:
    assert collectives(kind, facts) == expected
