from __future__ import annotations

import os
import secrets
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.subjects.models import ModelSubject

pytest_plugins = ["pytester"]

SITE = Path(str(metadata.distribution("pydantic").locate_file("")))
ROOT = Path(harness.__file__).parents[1]


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Path]:
    """Make a copy (of links) of the environment without the distributions and packages whose name begins so."""

    def make(*without: str) -> Path:
        folder = tmp_path / "site"
        folder.mkdir()
        for entry in SITE.iterdir():
            if not entry.name.startswith((*without, "harness")) and entry.suffix != ".pth":
                (folder / entry.name).symlink_to(entry)
        return folder

    return make


@pytest.fixture(scope="session", autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test knows what the user has judged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "caches"))
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows what another one has judged."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache-{secrets.token_hex(4)}"))


@pytest.fixture(scope="session")
def installed() -> ModelSubject:
    """The installed subject."""
    pytest.importorskip("aiconfigurator")
    from harness.subjects.installed import load_subject  # noqa: PLC0415 - it imports the subject

    return load_subject()


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python on an environment folder that `site` made, or on this one."""

    def run(*arguments: str, site: Path | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        # Without `site`, Python looks nowhere but in its standard library and in these folders.
        alone = ["-S"] if site else []
        path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])} if site else {}
        return subprocess.run(
            [sys.executable, *alone, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=os.environ | path,
            timeout=120,
        )

    return run
