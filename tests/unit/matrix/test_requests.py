from __future__ import annotations

import math

import pytest

from harness.matrix.requests import request_for
from harness.subjects.api import Request

# Upstream's three requests, by the size of the model.
SMALL = Request(total_gpus=4, isl=256, osl=256, prefix=128, ttft_ms=1500.0, tpot_ms=50.0)
MIDDLE = Request(total_gpus=32, isl=256, osl=256, prefix=128, ttft_ms=2000.0, tpot_ms=50.0)
LARGE = Request(total_gpus=128, isl=256, osl=256, prefix=128, ttft_ms=2_000_000.0, tpot_ms=50_000.0)


@pytest.mark.parametrize(
    ("parameters", "request_"),
    [
        (0.0, SMALL),
        (8.3e9, SMALL),
        (math.nextafter(10e9, 0), SMALL),
        (10e9, MIDDLE),
        (math.nextafter(100e9, 0), MIDDLE),
        (100e9, LARGE),
        (7e12, LARGE),
    ],
)
def test_tier_ends_just_before_its_bound(parameters: float, request_: Request) -> None:
    assert request_for(parameters) == request_


def test_limits_are_written_as_upstream_writes_them() -> None:
    # They become part of the `Command` column: 1500 and 1500.0 are two different cells of a CSV.
    assert [str(each) for each in (SMALL.ttft_ms, request_for(1.0).ttft_ms)] == ["1500.0", "1500.0"]
    assert [str(request_for(1e12).tpot_ms), str(request_for(1e12).isl)] == ["50000.0", "256"]
