"""Phase 1: the stored configs, and whether they are what the subject needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.conformance import ConformancePair

pytestmark = pytest.mark.conformance("config_files")


def test_config_files(conformance_pair: ConformancePair) -> None:
    conformance_pair.judge()
