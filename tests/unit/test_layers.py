"""Imports point down only, and nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"cli", "pytest_plugin"}),
    frozenset({"report"}),
    frozenset({"guide"}),
    frozenset({"results"}),
    frozenset({"matrix"}),
    frozenset({"checks"}),
    frozenset({"subjects"}),
    frozenset({"reference"}),
    frozenset({"oracle"}),  # it knows nothing of the reference, which may look up what it said
    frozenset({"stored_configs"}),
    frozenset({"data_files", "globs", "running", "version_ranges"}),
    frozenset({"files"}),
    frozenset({"coordinates", "errors", "text"}),
)
"""Top to bottom. A module may import what lies in a lower layer, and its own package."""

INTERFACE = frozenset(
    {"harness.subjects", "harness.subjects.api", "harness.subjects.models", "harness.subjects.releases"}
)
FINDER = "harness.subjects.installed"
MAY_FIND = frozenset(
    {
        "harness.checks.run",
        "harness.checks.workers",
        "harness.guide.describe",
        "harness.matrix.likeness",
        "harness.matrix.run",
    }
)
"""Besides the doors: every process of a run loads the subject for itself."""

SUBJECT = frozenset({"aiconfigurator", "aiconfigurator_core"})
ORACLE = frozenset({"transformers", "torch"})
HEAVY = SUBJECT | ORACLE | {"distributed", "numpy", "pandas", "pyarrow", "rich", "tabulate", "jinja2"}
MAY_LOAD = frozenset({"harness.subjects", "harness.oracle"})
MAX_LINES = 400


@dataclass(frozen=True)
class Import:
    """`names` are all that the statement may mean: `from a.b import c` is `a.b`, and `a.b.c` if that is a module."""

    line: int
    names: tuple[str, ...]
    at_load: bool

    def known(self, modules: Mapping[str, object]) -> str:
        return next((name for name in reversed(self.names) if name in modules), self.names[0])


def imports_of(tree: ast.Module, package: str) -> Iterator[Import]:
    yield from _imports(tree, package, at_load=True)


def _imports(node: ast.AST, package: str, *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(child.lineno, (alias.name,), at_load)
        elif isinstance(child, ast.ImportFrom):
            parents = package.split(".")
            above = parents[: len(parents) - child.level + 1] if child.level else []
            base = ".".join([*above, *filter(None, [child.module])])
            for alias in child.names:
                yield Import(child.lineno, (base, f"{base}.{alias.name}"), at_load)
        elif isinstance(child, ast.Call) and ast.unparse(child.func) in {"import_module", "importlib.import_module"}:
            # A name put together at run time cannot be judged here; those in use stay inside their own package.
            if isinstance(child.args[0], ast.Constant):
                yield Import(child.lineno, (str(child.args[0].value),), at_load)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield from _imports(ast.Module([part], []), package, at_load=False)
            yield from _imports(ast.Module(child.orelse, []), package, at_load=at_load)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, package, at_load=at_load and not inside)


def layer(module: str) -> int:
    top = module.partition(".")[2].partition(".")[0]  # empty for the package itself, which lies above all layers
    return next((depth for depth, names in enumerate(LAYERS) if top in names), -1)


def violations(root: Path) -> list[str]:
    """Every forbidden import in the tree `root/harness`, and every module that is too long."""
    modules: dict[str, list[Import]] = {}
    found = []
    for path in sorted((root / "harness").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        package = ".".join(parts[:-1])
        name = package if parts[-1] == "__init__" else ".".join(parts)
        text = path.read_text(encoding="utf-8")
        modules[name] = list(imports_of(ast.parse(text), package))
        if (lines := len(text.splitlines())) > MAX_LINES:
            found.append(f"{name}: {lines} lines, more than {MAX_LINES}")
        if name != "harness" and layer(name) < 0:
            found.append(f"{name}: in no layer; give it one in {Path(__file__).name}")
    loads_subject = _loading(modules)
    for name, imports in modules.items():
        for each in imports:
            target = each.known(modules)
            if reason := _why_not(name, target, each, loads_subject):
                found.append(f"{name}:{each.line}: {target}: {reason}")
    return found


def _loading(modules: Mapping[str, list[Import]]) -> set[str]:
    """Modules that load the subject, and adapters built on them."""
    found = {name for name, imports in modules.items() if any(_is_loaded(each, SUBJECT) for each in imports)}
    while built_on := {
        name
        for name, imports in modules.items()
        if _package(name) == "harness.subjects" and name not in found | INTERFACE | {FINDER}
        if any(each.at_load and each.known(modules) in found for each in imports)
    }:
        found |= built_on
    return found


def _is_loaded(each: Import, packages: frozenset[str]) -> bool:
    return each.at_load and each.names[0].split(".")[0] in packages


def _why_not(name: str, target: str, each: Import, loads_subject: set[str]) -> str:
    package, top, inside = _package(name), _package(target).partition(".")[0], _package(target) == _package(name)
    below = top != "harness" or target == "harness" or inside or layer(target) > layer(name)
    private = _package(target) == "harness.subjects" and not inside and target not in INTERFACE
    may_find = target == FINDER and (layer(name) == 0 or name in MAY_FIND)
    rules = (
        (top in SUBJECT and package != "harness.subjects", "only harness/subjects/ imports a subject"),
        (top in ORACLE and package != "harness.oracle", "only harness/oracle/ imports an oracle"),
        (top in HEAVY and each.at_load and package not in MAY_LOAD, "too heavy for module level"),
        (target in loads_subject and each.at_load and name not in loads_subject, "loads the subject at module level"),
        (not below, "not in a lower layer"),
        (private and not may_find, "not part of the interface of harness/subjects/"),
    )
    return next((reason for broken, reason in rules if broken), "")


def _package(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_harness_keeps_its_layers() -> None:
    assert violations(Path(harness.__file__).parents[1]) == []


GOOD_TREE = {
    "harness/__init__.py": "",
    "harness/errors.py": "",
    "harness/coordinates.py": "",
    "harness/cli/__init__.py": "from harness.cli import matrix\n",
    "harness/cli/matrix.py": "def run():\n    from harness.subjects.installed import load_subject\n    import rich\n",
    "harness/matrix/__init__.py": "",
    "harness/matrix/run.py": "from harness.matrix import judge\nfrom harness.subjects.installed import load_subject\n",
    "harness/matrix/judge.py": (
        "import harness\nfrom harness.subjects import api\nfrom harness.subjects.api import Subject\n"
    ),
    "harness/matrix/store.py": "if TYPE_CHECKING:\n    import pandas as pd\n\ndef read():\n    import pyarrow\n",
    "harness/checks/fields.py": "from harness.reference import plan\nfrom harness.subjects.api import Subject\n",
    "harness/oracle/shapes.py": "import torch\nfrom harness.errors import HarnessError\n",
    "harness/reference/__init__.py": "",
    "harness/reference/plan.py": "from harness.errors import HarnessError\nfrom harness.oracle import shapes\n",
    "harness/subjects/__init__.py": "",
    "harness/subjects/api.py": "if TYPE_CHECKING:\n    from harness.coordinates import Cell\n",
    "harness/subjects/installed.py": "def load():\n    from harness.subjects.split_core import Adapter\n",
    "harness/subjects/split_core.py": "import aiconfigurator_core\nfrom aiconfigurator.sdk import common\n",
    "harness/subjects/newer.py": "import aiconfigurator\nfrom harness.subjects import split_core\n",
}


def tree(root: Path, changes: dict[str, str]) -> Path:
    for name, text in (GOOD_TREE | changes).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_allowed_imports_are_allowed(tmp_path: Path) -> None:
    assert violations(tree(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("module", "text", "violation"),
    [
        ("errors", "import harness.coordinates", "harness.errors:1: harness.coordinates: not in a lower layer"),
        ("matrix/judge", "from harness import cli", "harness.matrix.judge:1: harness.cli: not in a lower layer"),
        ("matrix/judge", "from ..cli import matrix", "harness.matrix.judge:1: harness.cli.matrix: not in a lower"),
        ("matrix/judge", "from .. import pytest_plugin", "harness.matrix.judge:1: harness.pytest_plugin: not"),
        ("reference/plan", "from harness.subjects import api", "harness.reference.plan:1: harness.subjects.api: not"),
        ("checks/fields", "from harness.matrix.run import Plan", "harness.checks.fields:1: harness.matrix.run: not"),
        (
            "subjects/api",
            "if TYPE_CHECKING:\n    from harness.matrix.judge import Case",
            "harness.subjects.api:2: harness.matrix.judge: not in a lower layer",
        ),
        (
            "matrix/judge",
            "def judge():\n    from harness.subjects.split_core import Adapter",
            "harness.matrix.judge:2: harness.subjects.split_core: not part of the interface",
        ),
        (
            "matrix/judge",
            "from harness.subjects import installed",
            "harness.matrix.judge:1: harness.subjects.installed:",
        ),
        ("cli/matrix", "def f():\n    import aiconfigurator.sdk", "harness.cli.matrix:2: aiconfigurator.sdk: only"),
        ("cli/matrix", "def f():\n    import_module('aiconfigurator')", "harness.cli.matrix:2: aiconfigurator: only"),
        (
            "matrix/store",
            "if TYPE_CHECKING:\n    import aiconfigurator_core",
            "harness.matrix.store:2: aiconfigurator_core",
        ),
        (
            "reference/plan",
            "def f():\n    from torch import nn",
            "harness.reference.plan:2: torch: only harness/oracle/",
        ),
        ("matrix/store", "import pyarrow.parquet as pq", "harness.matrix.store:1: pyarrow.parquet: too heavy"),
        (
            "matrix/store",
            "try:\n    import pandas\nexcept ImportError:\n    pass",
            "harness.matrix.store:2: pandas: too",
        ),
        ("matrix/store", "class A:\n    from numpy import array", "harness.matrix.store:2: numpy: too heavy"),
        ("cli/matrix", "if TYPE_CHECKING:\n    pass\nelse:\n    import rich", "harness.cli.matrix:4: rich: too heavy"),
        ("subjects/installed", "from harness.subjects import split_core", "harness.subjects.installed:1: harness.subj"),
        ("helpers", "", "harness.helpers: in no layer"),
        ("errors", "\n" * 400, "harness.errors: 401 lines, more than 400"),
    ],
)
def test_forbidden_import_is_found(tmp_path: Path, module: str, text: str, violation: str) -> None:
    extra = {"harness/pytest_plugin.py": ""} if "pytest_plugin" in text else {}
    found = violations(tree(tmp_path, {**extra, f"harness/{module}.py": text + "\n"}))
    assert len(found) == 1
    assert found[0].startswith(violation)
