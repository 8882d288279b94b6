"""Phase 4: the family and class that the subject builds a model with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("families")


def test_families(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
