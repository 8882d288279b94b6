"""Runs the tests of a generated folder in this process, which spares each of them an interpreter."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType


def load(path: Path) -> ModuleType:
    """Import a file under its own name; nothing is kept of an earlier one of that name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def failures(folder: Path) -> list[str]:
    """Names of the tests that fail, each with what it raised; the folder has one module and one test of it."""
    test, *more = folder.glob("test_*.py")
    assert not more
    names = [path.stem for path in folder.glob("*.py")]
    try:
        load(folder / f"{test.stem.removeprefix('test_')}.py")
        tests = list(_tests(load(test)))
        assert tests
        return [f"{name}: {found}" for name, run in tests if (found := _raised(run))]
    finally:
        for name in names:
            sys.modules.pop(name, None)


def _raised(run: Callable[[], object]) -> str:
    try:
        run()
    except BaseException as error:  # noqa: BLE001 - pytest's own outcomes are no exceptions
        return f"{type(error).__name__}: {error}"
    return ""


def _tests(module: ModuleType) -> Iterator[tuple[str, Callable[[], object]]]:
    for name, function in vars(module).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
            for values in itertools.product(*(list(mark.args[1]) for mark in marks)):
                given: dict[str, object] = {}
                for mark, value in zip(marks, values, strict=True):
                    names = mark.args[0]
                    given.update({names: value} if isinstance(names, str) else zip(names, value, strict=True))
                yield f"{name}{list(given.values()) or ''}", lambda function=function, given=given: function(**given)  # type: ignore[misc]
