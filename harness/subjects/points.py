"""Rows of the split generation's result tables, as points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.subjects.api import Layout, Point, Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.subjects.api import Role

_GIB = 1 << 30


def agg_point(row: Mapping[str, Any]) -> Point:
    """The deployment of a row that `sweep_agg` returned."""
    return Point(
        workers=(_worker("agg", row, "", 1),),
        gpus=int(row["num_total_gpus"]),
        ttft_ms=float(row["ttft"]),
        tpot_ms=float(row["tpot"]),
        tokens_per_s_per_gpu=float(row["tokens/s/gpu"]),
    )


def disagg_point(row: Mapping[str, Any]) -> Point:
    """The deployment of a row that `sweep_disagg` returned."""
    return Point(
        workers=(
            _worker("prefill", row, "(p)", int(row["(p)workers"])),
            _worker("decode", row, "(d)", int(row["(d)workers"])),
        ),
        gpus=int(row["num_total_gpus"]),
        ttft_ms=float(row["ttft"]),
        tpot_ms=float(row["tpot"]),
        tokens_per_s_per_gpu=float(row["tokens/s/gpu"]),
    )


def _worker(role: Role, row: Mapping[str, Any], prefix: str, replicas: int) -> Worker:
    sizes = (int(row.get(f"{prefix}{name}") or 1) for name in ("tp", "pp", "dp", "moe_tp", "moe_ep", "cp"))
    return Worker(
        role=role,
        layout=Layout(*sizes),
        replicas=replicas,
        batch=int(row[f"{prefix}bs"]),
        memory_bytes=round(float(row[f"{prefix}memory"]) * _GIB),
    )
