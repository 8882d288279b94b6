from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def aic(run_python: Callable[..., Done]) -> Callable[..., Done]:
    """Run the console script."""
    return lambda *arguments, **options: run_python("-m", "harness.cli", *map(str, arguments), **options)
