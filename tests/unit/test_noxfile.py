"""An environment of which something is gone is seen before anything is installed into it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(harness.__file__).parents[1]
SITE = "lib/python3.11/site-packages"


@pytest.fixture(scope="module")
def noxfile() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        spec = importlib.util.spec_from_file_location("noxfile_under_test", ROOT / "noxfile.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    contents = {
        "pyvenv.cfg": "home = /usr/bin\n",
        "bin/python": "",
        "bin/tool": "run\n",
        f"{SITE}/one/__init__.py": "x = 1\n",
        f"{SITE}/one-1.dist-info/RECORD": (
            'one/__init__.py,sha256=a,6\none/__pycache__/__init__.cpython-311.pyc,,\n"../../../bin/tool",sha256=b,4\n'
            "one/_vendor/two-1.dist-info/__pycache__,,\none/base.cpython-311.pyc,,9\none-1.dist-info/RECORD,,\n"
        ),
    }
    for name, text in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_whole_environment_is_whole(noxfile: Any, environment: Path) -> None:  # noqa: ANN401 - a module
    assert noxfile._lost(environment) is None  # noqa: SLF001


@pytest.mark.parametrize(
    "name", ["pyvenv.cfg", "bin/python", "bin/tool", f"{SITE}/one/__init__.py", f"{SITE}/one-1.dist-info/RECORD"]
)
def test_a_file_that_is_gone_is_seen(noxfile: Any, environment: Path, name: str) -> None:  # noqa: ANN401 - a module
    (environment / name).unlink()
    assert noxfile._lost(environment).resolve() == environment / name  # noqa: SLF001


def test_a_file_that_was_cut_off_is_seen(noxfile: Any, environment: Path) -> None:  # noqa: ANN401 - a module
    (environment / SITE / "one" / "__init__.py").write_text("x")
    assert noxfile._lost(environment).name == "__init__.py"  # noqa: SLF001


@pytest.mark.parametrize("session", ["conformance-0.9.0", "matrix-0.11.0"])
def test_a_release_that_the_index_cannot_give_says_why(session: str) -> None:
    command = (sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "-s", session)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert f"aiconfigurator {session.partition('-')[2]} cannot be installed: the index holds a" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("python", "refused"), [("3.13", True), ("3.12", False), ("3.9", False)])
def test_a_python_that_is_too_new_for_a_release_is_refused(
    noxfile: Any,  # noqa: ANN401 - a module
    python: str,
    refused: bool,
) -> None:
    said: list[str] = []
    noxfile._refuse_newer_python(SimpleNamespace(python=python, error=said.append), "3.12")  # noqa: SLF001
    assert said == ([f"found Python {python}; this release needs 3.12 or older: run nox with that"] if refused else [])
