"""Phase 5: estimates against what the hardware can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("estimates")


def test_estimates(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
