"""One op in neutral words, from what a release built it with: the facts have the names of the newest generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.subjects.collectives import collectives
from harness.subjects.models import Op, OpKind
from harness.subjects.op_roles import role_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {
    "Embedding": OpKind.EMBEDDING,
    "GEMM": OpKind.GEMM,
    "ElementWise": OpKind.ELEMENTWISE,
    "ContextAttention": OpKind.ATTENTION,
    "GenerationAttention": OpKind.ATTENTION,
    "ContextMLA": OpKind.MLA,
    "GenerationMLA": OpKind.MLA,
    "MLAModule": OpKind.MLA,
    "MLABmm": OpKind.MLA_BMM,
    "ContextDSAModule": OpKind.DSA,
    "GenerationDSAModule": OpKind.DSA,
    "ContextMSAModule": OpKind.BLOCK_SPARSE,
    "GenerationMSAModule": OpKind.BLOCK_SPARSE,
    "ContextDeepSeekV4AttentionModule": OpKind.COMPRESSED,
    "GenerationDeepSeekV4AttentionModule": OpKind.COMPRESSED,
    "DeepSeekV4MHCModule": OpKind.HYPER,
    "GDNKernel": OpKind.GDN,
    "KDAKernel": OpKind.KDA,
    "Mamba2Kernel": OpKind.MAMBA2,
    "MoE": OpKind.MOE,
    "MoEDispatch": OpKind.DISPATCH,
    "CustomAllReduce": OpKind.ALL_REDUCE,
    "NCCL": OpKind.ALL_REDUCE,
    "P2P": OpKind.P2P,
}
_MIXER_OF_KIND = {
    OpKind.MLA: "mla",
    OpKind.MLA_BMM: "mla",
    OpKind.DSA: "dsa",
    OpKind.BLOCK_SPARSE: "block_sparse",
    OpKind.GDN: "gdn",
    OpKind.KDA: "kda",
    OpKind.MAMBA2: "mamba2",
}
_KNOWN = frozenset({"name", "scale_factor", "window_size"})


def neutral(kind_name: str, facts: Mapping[str, Any], weight_bytes: float, alternative: str = "") -> Op:
    """Say what an op computes and for which component.

    Args:
        kind_name: Its class.
        facts: What it was built with.
        weight_bytes: Weights on one GPU, of all layers.
        alternative: Wrapper that holds it as the second way to price the same work.
    """
    kind = _KINDS.get(kind_name, OpKind.OTHER)
    name = str(facts["name"])
    role = role_of(name, kind)
    window = int(facts.get("window_size") or 0)
    mixer = role.mixer or _MIXER_OF_KIND.get(kind, "")
    if kind is OpKind.ATTENTION:
        mixer = "window" if window else "full"
    elif kind is OpKind.COMPRESSED:
        mixer = str(facts["attn_kind"]).lower()
    part = role.part
    if kind in (OpKind.GDN, OpKind.KDA, OpKind.MAMBA2):
        part = "conv" if "conv" in str(facts.get("kernel_source", "")) else "core"
    return Op(
        name=name,
        kind=kind,
        count=float(facts["scale_factor"]),
        weight_bytes=weight_bytes,
        component=role.component,
        part=part,
        mixer=mixer,
        alternative=alternative,
        rows=_first(facts, "n") if kind is OpKind.GEMM else _first(facts, "vocab_size"),
        columns=_first(facts, "k") if kind is OpKind.GEMM else _first(facts, "hidden_size"),
        heads=0 if kind is OpKind.GEMM else _first(facts, "n", "num_heads", "num_v_heads", "nheads"),
        kv_heads=_first(facts, "n_kv", "num_k_heads"),
        head_dim=_first(facts, "head_size", "head_dim", "head_v_dim"),
        window=window,
        experts=_first(facts, "num_experts"),
        top=_first(facts, "topk"),
        inner=_first(facts, "inter_size"),
        collectives=collectives(kind_name, facts),
        precision=str(facts.get("quant_mode") or facts.get("gemm_quant_mode") or ""),
        extra=tuple(sorted((key, plain(value)) for key, value in facts.items() if key not in _KNOWN)),
    )


def _first(facts: Mapping[str, Any], *keys: str) -> int:
    return next((int(facts[key]) for key in keys if facts.get(key)), 0)


def plain(value: object) -> object:
    """The value with its lists as tuples and its objects as tuples of pairs, so that records can be compared."""
    if isinstance(value, dict):
        return tuple(sorted((str(name), plain(item)) for name, item in value.items()))
    return tuple(plain(item) for item in value) if isinstance(value, list | tuple) else value
