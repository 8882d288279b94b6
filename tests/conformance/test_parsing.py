"""Phase 3: the subject's reading of every stored config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("parsing")


def test_parsing(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
