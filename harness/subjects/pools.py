"""How many GPUs a release counts for a disaggregated deployment.

It relies on the private name `picking._build_disagg_summary_dict`, for only a whole search counts them otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aiconfigurator.sdk import picking

if TYPE_CHECKING:
    from harness.subjects.api import Layout


def pooled_gpus(prefill: Layout, decode: Layout) -> int:
    """GPUs of one prefill worker and one decode worker."""
    return int(picking._build_disagg_summary_dict(_row(prefill), 1, _row(decode), 1)["num_total_gpus"])


def _row(layout: Layout) -> dict[str, object]:
    """A worker's row as an estimate gives it; figures that do not count GPUs are 1."""
    sizes = {
        "tp": layout.tp,
        "pp": layout.pp,
        "dp": layout.dp,
        "cp": layout.cp,
        "moe_tp": layout.moe_tp,
        "moe_ep": layout.moe_ep,
        "num_total_gpus": layout.gpus,
    }
    return defaultdict(lambda: 1, sizes)
