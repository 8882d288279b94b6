"""The pytest doors: one test per cell of the support matrix, and one test per check and model.

They are loaded in every xdist worker, so nothing heavy is imported before a test needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject

pytest_plugins = ["harness.pytest_plugin.matrix", "harness.pytest_plugin.conformance"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that both doors share."""
    group = parser.getgroup("aic-harness", "aiconfigurator harness")
    for name in ("model", "system", "backend", "version"):
        option = "--backend-version" if name == "version" else f"--{name}"
        group.addoption(
            option, action="append", default=[], dest=f"aic_{name}", metavar="GLOB", help=f"only tests of this {name}"
        )
    group.addoption("--subject-path", type=Path, metavar="DIR", help="import aiconfigurator from this folder")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> ModelSubject:
    """The installed subject."""
    from harness.subjects.installed import load_subject

    return load_subject(request.config.getoption("--subject-path"))
