"""Lets adapters import packages by the names that they had before they were renamed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType


def import_as(packages: Mapping[str, str]) -> None:
    """From now on, importing one of the old names gives the very module of the new name.

    Args:
        packages: New name of each package by its old one.
    """
    if packages:
        sys.meta_path.insert(0, _Renamed(packages))


class _Renamed(MetaPathFinder):
    def __init__(self, packages: Mapping[str, str]) -> None:
        self._packages = dict(packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for an old name; None for every other."""
        del path, target
        package, dot, rest = fullname.partition(".")
        if package not in self._packages:
            return None
        return ModuleSpec(fullname, _SameModule(f"{self._packages[package]}{dot}{rest}"))


class _SameModule(Loader):
    """Hands out a module that bears another name; one that ran under two names would have two of each class."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module, imported by its own name."""
        del spec
        module = import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give it back its own spec, which importing it by another name replaced."""
        module.__spec__ = self._spec
