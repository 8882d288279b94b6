"""Phase 4: the bytes of weights and cache that the subject counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("memory")


def test_memory(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
