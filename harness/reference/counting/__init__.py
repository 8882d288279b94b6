"""Counts that a layer plan implies: parameters, bytes, operations; of the whole model or of one rank."""

from harness.reference.counting.checkpoint import quantization_of
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import Parameters, count_parameters
from harness.reference.counting.quantization import Quantization, scheme, weight_bytes
from harness.reference.counting.rank_work import Step, rank_work
from harness.reference.counting.ranks import Layout, Rank, check_layout, rank_parameters
from harness.reference.counting.summary import RankFigures, fullest_rank
from harness.reference.counting.work import Work, decode, prefill

__all__ = [
    "Layout",
    "Parameters",
    "Quantization",
    "Rank",
    "RankFigures",
    "Step",
    "Work",
    "check_layout",
    "count_parameters",
    "decode",
    "fullest_rank",
    "kv_cache_bytes",
    "prefill",
    "quantization_of",
    "rank_parameters",
    "rank_work",
    "scheme",
    "state_bytes",
    "weight_bytes",
]
