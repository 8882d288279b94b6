"""How often an op makes GPUs exchange activations.

A dispatch op decides when it is priced what it charges, by backend and layout; this follows its rules where they do
not depend on the GPU system. Those that do (an all-to-all kernel within a rack) replace one collective by another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def collectives(kind_name: str, facts: Mapping[str, Any]) -> int:
    """Count the collectives that one run is charged.

    Args:
        kind_name: Class of the op.
        facts: What it was built with.
    """
    if kind_name == "CustomAllReduce":
        return int(facts["tp_size"] > 1)
    if kind_name == "NCCL":
        return int(facts["num_gpus"] > 1)
    if kind_name == "MoEDispatch":
        return _dispatch(facts)
    return 0


def _dispatch(facts: Mapping[str, Any]) -> int:
    groups = max(facts["attention_dp_size"], 1)
    by_tensor = facts["moe_tp_size"] * facts["moe_ep_size"] // groups > 1
    if facts["backend"] == "vllm":
        left_out = facts["pre_dispatch"] and facts["attn_ar_modeled"]
        return int(by_tensor and not left_out) + int(groups > 1)
    if facts["backend"] == "sglang":
        return int(by_tensor) + int(groups > 1)
    return int(by_tensor or groups > 1)
