"""Finds the installed subject and the adapter for its generation."""

from __future__ import annotations

import functools
import sys
from importlib import metadata
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from harness.errors import SubjectError, UsageError
from harness.subjects.quiet import captured

if TYPE_CHECKING:
    from pathlib import Path

    from harness.subjects.models import ModelSubject

DISTRIBUTIONS = ("aiconfigurator", "aiconfigurator-core")
DEFAULT_VERSION = "0.12.0"
_FIRST, _NEWEST_KNOWN = Version("0.11"), Version("0.12")
_INSTALL = f"pip install 'aiconfigurator-harness[subject]' (aiconfigurator {DEFAULT_VERSION})"


def installed_versions() -> dict[str, str | None]:
    """Version of each distribution the subject consists of; None for one that is not installed."""
    return {name: _version(name) for name in DISTRIBUTIONS}


@functools.cache
def load_subject(path: Path | None = None) -> ModelSubject:
    """Load the installed subject.

    Args:
        path: A folder to import it from first, such as the `site-packages` of another build.

    Raises:
        UsageError: The path is no folder with the package in it.
        SubjectError: It is not installed, only half of it is, it cannot be imported, or no adapter knows it.
    """
    if path is not None:
        if PathFinder.find_spec("aiconfigurator", [str(path)]) is None:
            raise UsageError("--subject-path", str(path), "a folder that holds the package `aiconfigurator`")
        sys.path.insert(0, str(path.resolve()))
    versions = installed_versions()
    if versions["aiconfigurator"] is None:
        raise SubjectError("the subject", "no distribution `aiconfigurator`", "one installed release", _INSTALL)
    release = _release(versions["aiconfigurator"])
    if release < _FIRST:
        raise SubjectError(
            "the subject", f"aiconfigurator {release}", f"a release from {_FIRST} on", "Older ones have no adapter yet."
        )
    if versions["aiconfigurator-core"] is None:
        raise SubjectError(
            "the subject",
            f"aiconfigurator {release} without `aiconfigurator-core`",
            "both distributions",
            f"Install the other half: {_INSTALL}",
        )
    note = ""
    if (release.major, release.minor) > (_NEWEST_KNOWN.major, _NEWEST_KNOWN.minor):
        note = f"aiconfigurator {release} is newer than any release this harness knows; the adapter for 0.12 is tried."
    try:
        with captured():
            from harness.subjects.split_core import SplitCoreSubject  # noqa: PLC0415 - importing the subject costs 1 s

            return SplitCoreSubject(note)
    except (Exception, SystemExit) as error:
        raise SubjectError(
            "the subject",
            f"aiconfigurator {release}, which cannot be imported ({type(error).__name__}: {error})",
            "an importable release",
            f"Reinstall it: {_INSTALL}",
        ) from error


def _release(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion as error:
        found = f"aiconfigurator with the version {version!r}"
        raise SubjectError("the subject", found, "a version number", f"Reinstall it: {_INSTALL}") from error


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
