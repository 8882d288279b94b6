"""Which releases of the subject are known, and which adapter takes a version.

The list is `fixtures/releases.toml`; `fixtures/successor_releases.toml` is that of the distribution that continues it.
A version that is not listed goes to the adapter of the newest listed release that is not newer than it, or to the
oldest one; a pre-release counts as the release that it leads up to.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version
from pydantic import Field, field_validator, model_validator

from harness.data_files import Record, data_path, load_toml
from harness.subjects.api import Capability  # noqa: TC001 - pydantic reads the annotations when it runs

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class AdapterEntry(Record):
    """One generation's adapter: where its class stands, and the distributions that a release consists of."""

    name: str
    module: str = Field(pattern=r"^harness\.subjects\.\w+$")
    subject: str
    distributions: tuple[str, ...] = Field(min_length=1)
    packages: dict[str, str] = Field(default_factory=dict)


class Lack(Record):
    """A capability that a release lacks and its generation has."""

    capability: Capability
    reason: str = Field(min_length=10)


class Release(Record):
    """One release; `fixtures/releases.toml` explains its fields."""

    version: str
    adapter: str
    python: str = Field(default="3.13", pattern=r"^3\.\d+$")
    pins: tuple[str, ...] = ()
    stub: str = ""
    lacks: tuple[Lack, ...] = ()

    @field_validator("version")
    @classmethod
    def _is_version(cls, value: str) -> str:
        try:
            return str(Version(value))
        except InvalidVersion as error:
            raise ValueError("a PEP 440 version such as '0.12.0'") from error

    @field_validator("pins")
    @classmethod
    def _are_requirements(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(Requirement(pin)) for pin in value)
        except InvalidRequirement as error:
            raise ValueError("requirements such as 'plotext<6'") from error

    @property
    def number(self) -> Version:
        """The version, to be compared."""
        return Version(self.version)

    @property
    def lacking(self) -> frozenset[Capability]:
        """Capabilities that it lacks."""
        return frozenset(lack.capability for lack in self.lacks)


class Releases(Record):
    """All known releases of one distribution."""

    name: str
    adapters: tuple[AdapterEntry, ...] = Field(min_length=1)
    releases: tuple[Release, ...] = Field(min_length=1)
    pin_reasons: dict[str, str]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = {entry.name for entry in self.adapters}
        if unknown := sorted({release.adapter for release in self.releases} - known):
            raise ValueError(f"adapter {unknown[0]!r} among {', '.join(sorted(known))}")
        if unexplained := sorted({pin for release in self.releases for pin in release.pins} - self.pin_reasons.keys()):
            raise ValueError(f"a reason for the pin {unexplained[0]!r}")
        versions = [release.number for release in self.releases]
        if versions != sorted(set(versions)):
            raise ValueError("every release once, oldest first")
        return self

    @property
    def newest(self) -> Release:
        """The newest known release."""
        return self.releases[-1]

    def exactly(self, version: Version) -> Release | None:
        """The listed release of this version; post-releases count as theirs."""
        plain = version.is_prerelease or version.local is not None
        return (
            None if plain else next((one for one in self.releases if one.number == Version(version.base_version)), None)
        )

    def nearest(self, version: Version) -> Release:
        """The release whose adapter takes a version."""
        base = Version(version.base_version)
        return next((one for one in reversed(self.releases) if one.number <= base), self.releases[0])

    def adapter(self, release: Release) -> AdapterEntry:
        """The adapter that takes a release."""
        return next(entry for entry in self.adapters if entry.name == release.adapter)


@functools.cache
def load_releases(path: Path | None = None) -> Releases:
    """Read the list.

    Raises:
        DataFileError: The file breaks its schema.
    """
    return load_toml(path or data_path("fixtures", "releases.toml"), Releases)


def release_named(text: str) -> str:
    """The release that a word names, spelled as folders of results are; empty if it names none."""
    try:
        return str(Version(text))
    except InvalidVersion:
        return ""


def load_lines() -> tuple[Releases, ...]:
    """Read the list of every distribution that can be a subject, the one that is looked for first in front."""
    return load_releases(), load_releases(data_path("fixtures", "successor_releases.toml"))
