"""Phase 4: how many layers run each op that the subject prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("scale_factors")


def test_scale_factors(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
