from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from harness.subjects.renamed import import_as

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package `h_new` with a module in a package of its own, for adapters that know it as `h_old`."""
    inner = tmp_path / "h_new" / "sdk"
    inner.mkdir(parents=True)
    (tmp_path / "h_new" / "__init__.py").write_text("")
    (inner / "models.py").write_text("from h_new.sdk import base\n\n\nclass Model(base.Base): ...\n")
    (inner / "base.py").write_text("class Base: ...\n")
    (tmp_path / "h_new" / "round").mkdir()
    (tmp_path / "h_new" / "round" / "__init__.py").write_text("from h_old.round.part import NAME\n")
    (tmp_path / "h_new" / "round" / "part.py").write_text("NAME = __name__\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    monkeypatch.setattr(sys, "modules", sys.modules.copy())
    import_as({"h_old": "h_new"})


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("first", ["h_old", "h_new"])
def test_both_names_give_the_same_module(first: str) -> None:
    second = "h_new" if first == "h_old" else "h_old"
    models, same = import_module(f"{first}.sdk.models"), import_module(f"{second}.sdk.models")
    assert models is same
    assert issubclass(same.Model, import_module("h_old.sdk.base").Base)
    assert import_module("h_old.sdk").models is models


@pytest.mark.usefixtures("renamed")
def test_module_keeps_the_name_that_it_has() -> None:
    models = import_module("h_old.sdk.models")
    assert models.__name__ == "h_new.sdk.models"
    assert models.__spec__ is not None
    assert models.__spec__.name == "h_new.sdk.models"


@pytest.mark.usefixtures("renamed")
def test_package_may_use_its_old_name_while_it_is_imported() -> None:
    assert import_module("h_old.round").NAME == "h_new.round.part"


@pytest.mark.usefixtures("renamed")
def test_missing_module_is_named_as_it_is_called_now() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"h_new\.sdk\.gone"):
        import_module("h_old.sdk.gone")


@pytest.mark.usefixtures("renamed")
def test_names_that_only_begin_alike_are_left_alone() -> None:
    with pytest.raises(ModuleNotFoundError, match="h_older"):
        import_module("h_older")


def test_nothing_renamed_changes_nothing() -> None:
    before = sys.meta_path.copy()
    import_as({})
    assert sys.meta_path == before
