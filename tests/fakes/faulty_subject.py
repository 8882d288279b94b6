"""The installed subject as a folder for `--subject-path`, to be changed: by a fault, or file by file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_PACKAGE = """
import os
import sys
import time

__path__ = [{path!r}]
exec(compile(open({path!r} + "/__init__.py").read(), "aiconfigurator", "exec"))

from aiconfigurator.sdk import task_v2

_validate = task_v2.Task.validate


def validate(self):
    if {model!r} in (getattr(self, "model_path", ""), getattr(self, "prefill_model_path", "")):
        {fault}
    return _validate(self)


task_v2.Task.validate = validate
"""


def write_faulty_subject(folder: Path, model: str, fault: str) -> Path:
    """Make the folder; `fault` is the statement that is run when the subject is asked about the model."""
    spec = find_spec("aiconfigurator")
    assert spec is not None
    assert spec.origin is not None
    package = folder / "aiconfigurator"
    package.mkdir(parents=True)
    text = _PACKAGE.format(path=str(Path(spec.origin).parent), model=model, fault=fault)
    package.joinpath("__init__.py").write_text(text, encoding="utf-8")
    return folder


def write_linked_subject(folder: Path) -> Path:
    """Make a folder with the installed subject, whose configs and tables can be replaced file by file."""
    for name in ("aiconfigurator", "aiconfigurator_core"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        _link(Path(spec.origin).parent, folder / name, depth=7 if name.endswith("core") else 1)
    return folder


def _link(source: Path, target: Path, depth: int) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.is_dir() and depth and entry.name != "__pycache__":
            _link(entry, target / entry.name, depth - 1)
        else:
            (target / entry.name).symlink_to(entry)
