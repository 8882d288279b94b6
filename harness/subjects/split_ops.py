"""Ops of the split generation in neutral words.

Private names that it relies on, because the release offers no public way: `_spec_json` of the compiled ops, and the
`_group_a`, `_group_b`, `_primary` and `_fallback` lists of wrapper ops.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.subjects.models import Op, OpKind
from harness.subjects.op_roles import role_of
from harness.subjects.split_collectives import collectives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def leaves(ops: Any, alternative: str = "") -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
    """Take wrapper ops apart, and say of each op what it computes and for which component."""
    for op in ops:
        kind = type(op).__name__
        if kind == "OverlapOp":
            yield from leaves([*op._group_a, *op._group_b], alternative)
        elif kind == "FallbackOp":
            # The memory model adds up the op-by-op list; the single kernel is the other way to price the same layers.
            yield from leaves(_listed(op._primary), alternative=str(op._name))
            yield from leaves(_listed(op._fallback), alternative)
        else:
            yield _leaf(op, kind, alternative)


def _listed(ops: Any) -> list[Any]:  # noqa: ANN401
    return list(ops) if isinstance(ops, list | tuple) else [ops]


def _leaf(op: Any, kind_name: str, alternative: str) -> Op:  # noqa: ANN401
    (facts,) = json.loads(op._spec_json()).values()
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
    known = {"name", "scale_factor", "window_size"}
    return Op(
        name=name,
        kind=kind,
        count=float(facts["scale_factor"]),
        weight_bytes=float(op.get_weights()),
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
        extra=tuple(sorted((key, plain(value)) for key, value in facts.items() if key not in known)),
    )


def _first(facts: Mapping[str, Any], *keys: str) -> int:
    return next((int(facts[key]) for key in keys if facts.get(key)), 0)


def plain(value: object) -> object:
    """The value with its lists as tuples and its objects as tuples of pairs, so that records can be compared."""
    if isinstance(value, dict):
        return tuple(sorted((str(name), plain(item)) for name, item in value.items()))
    return tuple(plain(item) for item in value) if isinstance(value, list | tuple) else value
