"""Which request a model is judged with: one per size tier and range of releases, as data."""

from __future__ import annotations

import functools

from harness.data_files import Record, data_path, load_toml
from harness.subjects.api import Request
from harness.version_ranges import Range, holds


class Tier(Record):
    """One size tier: the releases that it is for, its upper bound in parameters (exclusive) and its request."""

    releases: Range
    below_parameters: float
    total_gpus: int
    isl: int
    osl: int
    prefix: int
    ttft_ms: float
    tpot_ms: float


class _Tiers(Record):
    tiers: tuple[Tier, ...]


def request_for(parameters: float, release: str) -> Request:
    """The request of the first tier of a release that a model of so many parameters is smaller than."""
    tier = next(tier for tier in _tiers() if parameters < tier.below_parameters and holds(tier.releases, release))
    return Request(tier.total_gpus, tier.isl, tier.osl, tier.prefix, tier.ttft_ms, tier.tpot_ms)


@functools.cache
def _tiers() -> tuple[Tier, ...]:
    return load_toml(data_path("fixtures", "size_tiers.toml"), _Tiers).tiers
