"""Adapters for `aisimulate`, which continues the split generation in one distribution."""

from __future__ import annotations

import functools
from typing import ClassVar

from harness.subjects.api import SubjectInfo
from harness.subjects.snippets import Dialect
from harness.subjects.split_core import SplitCoreSubject


class MergedSubject(SplitCoreSubject):
    """One installed release that keeps the names of the packages (0.12)."""

    @functools.cached_property
    def info(self) -> SubjectInfo:
        """Name and version; the data lies in the same distribution."""
        return SubjectInfo("aisimulate", self._version, self._version, self._note)


class RenamedSubject(MergedSubject):
    """One installed release whose packages are called after the distribution (0.13)."""

    dialect: ClassVar[Dialect] = Dialect(package="aisimulate")
