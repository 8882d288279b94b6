"""Phase 2: whether the subject knows the architectures of all stored configs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("registration")


def test_registration(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
