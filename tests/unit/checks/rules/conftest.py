from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


@pytest.fixture(scope="session")
def installed() -> ModelSubject:
    """The installed subject."""
    pytest.importorskip("aiconfigurator")
    from harness.subjects.installed import load_subject  # noqa: PLC0415 - it imports the subject

    return load_subject()
