"""Known gaps: failures whose cause is known and which therefore get a better name than FAIL. Rules are data."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from packaging.version import InvalidVersion, Version
from pydantic import Field, field_validator

from harness.coordinates import Status
from harness.data_files import Record, data_path, load_toml
from harness.errors import DataFileError
from harness.version_ranges import Range, holds

if TYPE_CHECKING:
    from pathlib import Path

    from harness.coordinates import Cell
    from harness.subjects.api import Failure, SystemFacts


class Gap(Record):
    """One rule; `fixtures/known_gaps.toml` explains its fields."""

    id: str = Field(pattern=r"^[a-z0-9.-]+$")
    status: Literal["HW_INCOMPATIBLE", "FRAMEWORK_INCOMPATIBLE"]
    messages: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=10)
    models: tuple[str, ...] = ("*",)
    systems: tuple[str, ...] = ("*",)
    not_systems: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("*",)
    versions: Range = ""
    below_version: str = ""
    min_sm: int = 0
    below_sm: int | None = None
    no_sm: bool = False

    @field_validator("below_version")
    @classmethod
    def _is_version(cls, value: str) -> str:
        try:
            return str(Version(value)) if value else value
        except InvalidVersion as error:
            raise ValueError("a PEP 440 version such as '0.24.0'") from error

    @field_validator("messages")
    @classmethod
    def _is_lower_case(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not message or message != message.lower() for message in value):
            raise ValueError("non-empty lower-case substrings")
        return value

    def matches(self, cell: Cell, system: SystemFacts, failure: Failure) -> bool:
        """Whether the rule speaks of this cell and this failure."""
        text = "\n".join(failure.messages).lower()
        return (
            _any_glob(self.models, cell.model)
            and _any_glob(self.systems, cell.system)
            and not _any_glob(self.not_systems, cell.system)
            and _any_glob(self.backends, cell.backend)
            and self._in_versions(cell.version)
            and self._in_sm_range(system.sm_version)
            and any(message in text for message in self.messages)
        )

    def _in_versions(self, version: str) -> bool:
        try:
            parsed = Version(version)
        except InvalidVersion:
            # Upstream counts a version that it cannot read as older than any bound.
            return not self.versions
        if self.below_version and parsed >= Version(self.below_version):
            return False
        return holds(self.versions, version)

    def _in_sm_range(self, sm_version: int | None) -> bool:
        if sm_version is None:
            return self.no_sm or (self.min_sm == 0 and self.below_sm is None)
        return not self.no_sm and self.min_sm <= sm_version and (self.below_sm is None or sm_version < self.below_sm)


class _Gaps(Record):
    gaps: tuple[Gap, ...]


def known_gap(cell: Cell, system: SystemFacts, failure: Failure) -> Gap | None:
    """The rule that explains a failure; a hardware gap is looked for before a framework gap."""
    matching = [gap for gap in load_gaps() if gap.matches(cell, system, failure)]
    return min(matching, key=lambda gap: gap.status != Status.HW_INCOMPATIBLE, default=None)


@functools.cache
def load_gaps(path: Path | None = None) -> tuple[Gap, ...]:
    """Read the rules.

    Raises:
        DataFileError: The file breaks its schema, or two rules share an id.
    """
    path = path or data_path("fixtures", "known_gaps.toml")
    gaps = load_toml(path, _Gaps).gaps
    ids = [gap.id for gap in gaps]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise DataFileError(f"{path}, field id", f"{twice[0]!r} twice", "an id of its own for every rule")
    return gaps


def _any_glob(patterns: tuple[str, ...], value: str) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
