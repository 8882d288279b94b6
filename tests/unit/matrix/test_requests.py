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
    assert request_for(parameters, "0.12.0") == request_


@pytest.mark.parametrize("release", ["0.4.0", "0.7.0", "0.7.1"])
@pytest.mark.parametrize("parameters", [0.0, 50e9, 7e12])
def test_early_releases_are_asked_what_their_generator_asked(release: str, parameters: float) -> None:
    # tools/support_matrix/support_matrix.py at v0.7.0 has one request for every model.
    early = Request(total_gpus=128, isl=4000, osl=500, prefix=500, ttft_ms=2000.0, tpot_ms=50.0)
    assert request_for(parameters, release) == early


@pytest.mark.parametrize("release", ["0.8.0", "0.10.0", "0.12.0+local", "0.13.0.dev202610270000000085", "99"])
def test_every_later_release_is_asked_alike(release: str) -> None:
    assert request_for(0.0, release) == SMALL


def test_limits_are_written_as_upstream_writes_them() -> None:
    # They become part of the `Command` column: 1500 and 1500.0 are two different cells of a CSV.
    large = request_for(1e12, "0.12.0")
    assert [str(each) for each in (SMALL.ttft_ms, request_for(1.0, "0.12.0").ttft_ms)] == ["1500.0", "1500.0"]
    assert [str(large.tpot_ms), str(large.isl)] == ["50000.0", "256"]
