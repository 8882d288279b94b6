"""The installed subject with one model that it goes wrong over, as a folder for `--subject-path`."""

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
