"""Finds the installed subject and the adapter for its generation."""

from __future__ import annotations

import functools
import json
import sys
from importlib import import_module, metadata
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, cast

from packaging.version import InvalidVersion, Version

from harness.errors import SubjectError, UsageError
from harness.subjects.quiet import captured
from harness.subjects.releases import load_releases

if TYPE_CHECKING:
    from pathlib import Path

    from harness.subjects.models import ModelSubject
    from harness.subjects.releases import Release

NAME = "aiconfigurator"
"""Of the distribution whose version is the subject's, and of its package."""


def installed_versions() -> dict[str, str | None]:
    """Version of each distribution the subject consists of; None for one that is not installed."""
    version = _version(NAME)
    known = load_releases()
    release = known.newest if version is None else known.nearest(_number(version))
    return {name: _version(name) for name in known.adapter(release).distributions}


@functools.cache
def load_subject(path: Path | None = None) -> ModelSubject:
    """Load the installed subject.

    Args:
        path: A folder to import it from first, such as the `site-packages` of another build.

    Raises:
        UsageError: The path is no folder with the package in it.
        SubjectError: It is not installed, only half of it is, or it cannot be imported.
    """
    unversioned = False
    if path is not None:
        if PathFinder.find_spec(NAME, [str(path)]) is None:
            raise UsageError("--subject-path", str(path), f"a folder that holds the package `{NAME}`")
        sys.path.insert(0, str(path.resolve()))
        unversioned = not [*metadata.distributions(name=NAME, path=[str(path)])]
    known = load_releases()
    if unversioned:
        # A checkout says nowhere which version it is; it is taken for a build of the newest release.
        version = Version(f"{known.newest.version}+local")
    else:
        version = _whole()
    release = known.nearest(version)
    return _adapted(release, version, _note(release, version))


def _whole() -> Version:
    """The version of the installed subject, if all its distributions are there."""
    known = load_releases()
    found = _version(NAME)
    if found is None:
        raise SubjectError("the subject", f"no distribution `{NAME}`", "one installed release", _install(known.newest))
    version = _number(found)
    release = known.nearest(version)
    missing = [name for name in known.adapter(release).distributions if _version(name) is None]
    if missing:
        raise SubjectError(
            "the subject",
            f"{NAME} {version} without `{missing[0]}`",
            "both distributions",
            f"Install the other half: {_install(release)}",
        )
    return version


def _adapted(release: Release, version: Version, note: str) -> ModelSubject:
    entry = load_releases().adapter(release)
    try:
        with captured():
            # Importing the subject costs a second.
            kind = getattr(import_module(entry.module), entry.subject)
            return cast("ModelSubject", kind(str(version), note, release.lacking))
    except (Exception, SystemExit) as error:
        raise SubjectError(
            "the subject",
            f"{NAME} {version}, which cannot be imported ({type(error).__name__}: {error})",
            "an importable release",
            f"Reinstall it: {_install(release)}",
        ) from error


def _note(release: Release, version: Version) -> str:
    """What a reader of results must know about the choice of the adapter; empty for a release as it was published."""
    tried = f"the adapter for {release.version} is tried."
    if version.local is not None or _is_checkout():
        return f"{NAME} {version.public} is a local build; {tried}"
    if load_releases().exactly(version) is not None:
        return ""
    newer = Version(version.base_version) > load_releases().newest.number
    what = "is newer than any release this harness knows" if newer else "is no release that this harness knows"
    return f"{NAME} {version} {what}; {tried}"


def _is_checkout() -> bool:
    """Whether the distribution is an editable checkout."""
    try:
        text = metadata.distribution(NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return False
    return bool(text and json.loads(text).get("dir_info", {}).get("editable"))


def _install(release: Release) -> str:
    if release == load_releases().newest:
        return f"pip install 'aiconfigurator-harness[subject]' ({NAME} {release.version})"
    if release.stub:
        return f"{NAME} {release.version} cannot be had from the package index: {release.stub}."
    wanted = " ".join(f"'{one}'" for one in (f"{NAME}=={release.version}", *release.pins))
    return f"pip install {wanted}"


def _number(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion as error:
        found = f"{NAME} with the version {version!r}"
        raise SubjectError("the subject", found, "a version number", f"Reinstall it: {_install(load_releases().newest)}") from error


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
