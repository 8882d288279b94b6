"""Which releases of the subject there are, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version
from pydantic import ConfigDict

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from pathlib import Path


class KnownRelease(Record):
    """One release.

    Attributes:
        version: Its version.
        python: Newest Python that an environment of it can have.
        pins: Requirements that an environment needs beside it.
        stub: Why the package index cannot give it; empty if it can.
    """

    # What else the list says of a release is for those who load it.
    model_config = ConfigDict(extra="ignore")

    version: str
    python: str = "3.13"
    pins: tuple[str, ...] = ()
    stub: str = ""


class _File(Record):
    model_config = ConfigDict(extra="ignore")

    releases: tuple[KnownRelease, ...]


def known_releases(path: Path | None = None) -> tuple[KnownRelease, ...]:
    """The releases of `fixtures/releases.toml`; none where there is no such list.

    Raises:
        DataFileError: The list breaks its schema.
    """
    path = path or data_path("fixtures", "releases.toml")
    return load_toml(path, _File).releases if path.exists() else ()


def release_named(text: str) -> str:
    """The release that a word names, spelled as folders of results are; empty if it names none."""
    try:
        return str(Version(text))
    except InvalidVersion:
        return ""
