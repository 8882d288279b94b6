"""What the subject believes of GPU systems, against their data sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("system_facts")


def test_system_facts(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
