from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.data_files import data_path
from harness.matrix import judge_version as module

PACKAGE = Path(harness.__file__).parent
UNINVOLVED = {
    "harness",
    "harness.matrix",
    "harness.running",
    "harness.running.groups",
    "harness.running.records",
    "harness.running.served",
    "harness.running.worker",
}
"""They decide who judges a cell, and not what comes out."""

LOADED = """
import sys
import harness.matrix.run
from harness.subjects.installed import load_subject
load_subject()
print("\\n".join(name for name in sys.modules if name.split(".")[0] == "harness"))
"""


def _version() -> str:
    module.judge_version.cache_clear()
    try:
        return module.judge_version()
    finally:
        module.judge_version.cache_clear()


def test_every_module_that_judging_loads_is_part_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split()) - UNINVOLVED
    paths = {PACKAGE.parent.joinpath(*name.split(".")) for name in modules}
    files = {path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in paths}
    assert files - set(module._files()) == set()  # noqa: SLF001


def test_every_data_file_that_judging_reads_is_part_of_it() -> None:
    read = {
        name
        for path in module._files()  # noqa: SLF001
        if path.suffix == ".py"
        for name in path.read_text().replace('"', " ").split()
        if name.endswith(".toml")
    }
    of_other_questions = {"op_roles.toml", "measured_tables.toml"}
    assert read - of_other_questions == set(module.RULES)


@pytest.mark.parametrize("name", module.RULES)
def test_another_rule_is_another_judge(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in module.RULES:
        (tmp_path / rule).write_bytes(data_path("fixtures", rule).read_bytes())
    monkeypatch.setattr(module, "data_path", lambda _folder, rule: tmp_path / rule)
    before = _version()
    assert before == _version()
    with (tmp_path / name).open("a") as file:
        file.write("# more\n")
    assert _version() != before


@pytest.mark.parametrize("name", ["matrix/judge.py", "matrix/search.py", "matrix/gaps.py", "subjects/split_core.py"])
def test_other_code_is_another_judge(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in module._files():  # noqa: SLF001
        if path.is_relative_to(PACKAGE):
            copy = tmp_path / path.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    before = _version()
    with (tmp_path / name).open("a") as file:
        file.write("# more\n")
    assert _version() != before
