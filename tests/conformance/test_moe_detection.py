"""Phase 4: whether the subject knows which models are mixtures of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("moe_detection")


def test_moe_detection(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
