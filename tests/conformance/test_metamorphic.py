"""Phase 5: how estimates change when the request or the model does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("metamorphic")


def test_metamorphic(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
