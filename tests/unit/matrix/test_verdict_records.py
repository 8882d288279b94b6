from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.coordinates import Status
from harness.matrix.verdict_records import DamagedVerdictError, digest, from_record, to_record
from tests.fakes.results import feasible
from tests.fakes.subjects import CELL

PASSED = feasible(CELL, inherited=("gemm<-1.0",))
FAILED = replace(PASSED, status=Status.FAIL, source="", point=None, origin=None, error="ü: no", log="a\n\u2028b")


@pytest.mark.parametrize("verdict", [PASSED, FAILED])
def test_what_is_written_is_read(verdict: Any) -> None:  # noqa: ANN401
    assert from_record(json.loads(json.dumps(to_record(verdict)))) == verdict


def test_bytes_that_are_no_text_are_spelled_out_as_in_the_evidence() -> None:
    assert from_record(to_record(replace(FAILED, log="\udcff"))).log == "\\udcff"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "status"), "FAIL"),
        (("verdict", "point", "ttft_ms"), 13.5),
        (("verdict", "point", "workers", 0, "layout", "tp"), 4),
        (("verdict", "cell", "mode"), "disagg"),
        (("verdict", "log"), "x"),
        (("digest",), "0"),
        (("more",), 1),
    ],
)
def test_a_verdict_that_was_changed_is_refused(path: tuple[Any, ...], value: object) -> None:
    record = json.loads(json.dumps(to_record(PASSED)))
    part = record
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(DamagedVerdictError):
        from_record(record)


def test_what_is_no_verdict_is_refused_even_with_its_digest() -> None:
    content = to_record(PASSED)["verdict"] | {"status": "FINE"}
    with pytest.raises(DamagedVerdictError, match="status"):
        from_record({"verdict": content, "digest": digest(content)})
