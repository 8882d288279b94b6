"""What the release says of itself as a whole: its support matrix, and how it counts GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("releases")


def test_releases(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
