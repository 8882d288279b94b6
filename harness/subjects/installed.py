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
from harness.subjects.releases import load_lines
from harness.subjects.renamed import import_as

if TYPE_CHECKING:
    from pathlib import Path

    from harness.subjects.models import ModelSubject
    from harness.subjects.releases import Release, Releases


def installed_versions() -> dict[str, str | None]:
    """Version of each distribution the subject consists of; None for one that is not installed."""
    known = _installed()
    version = _version(known.name)
    release = known.newest if version is None else known.nearest(_number(known, version))
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
    known, unversioned = (_installed(), False) if path is None else _in_folder(path)
    if path is not None:
        sys.path.insert(0, str(path.resolve()))
    # A checkout says nowhere which version it is; it is taken for a build of the newest release.
    version = Version(f"{known.newest.version}+local") if unversioned else _whole(known)
    release = known.nearest(version)
    return _adapted(known, release, version)


def holds_subject(path: Path) -> bool:
    """Whether a folder is one that a subject can be imported from."""
    try:
        _in_folder(path)
    except UsageError:
        return False
    return True


def _installed() -> Releases:
    """The releases of the distribution that is installed; those of the one that is looked for first if none is."""
    lines = load_lines()
    return next((line for line in lines if _version(line.name) is not None), lines[0])


def _in_folder(path: Path) -> tuple[Releases, bool]:
    """The releases of what lies in a folder, and whether it lies there without a version."""
    lines = load_lines() if path.is_dir() else ()
    for line in lines:
        if [*metadata.distributions(name=line.name, path=[str(path)])]:
            return line, False
    for line in lines:
        if PathFinder.find_spec(line.name, [str(path)]) is not None:
            return line, True
    packages = " or ".join(f"`{line.name}`" for line in load_lines())
    raise UsageError("--subject-path", str(path), f"a folder that holds the package {packages}")


def _whole(known: Releases) -> Version:
    """The version of the installed subject, if all its distributions are there."""
    found = _version(known.name)
    if found is None:
        expected = "one installed release"
        raise SubjectError("the subject", f"no distribution `{known.name}`", expected, _install(known, known.newest))
    version = _number(known, found)
    release = known.nearest(version)
    missing = [name for name in known.adapter(release).distributions if _version(name) is None]
    if missing:
        raise SubjectError(
            "the subject",
            f"{known.name} {version} without `{missing[0]}`",
            "both distributions",
            f"Install the other half: {_install(known, release)}",
        )
    return version


def _adapted(known: Releases, release: Release, version: Version) -> ModelSubject:
    entry = known.adapter(release)
    import_as(entry.packages)
    try:
        with captured():
            # Importing the subject costs a second.
            kind = getattr(import_module(entry.module), entry.subject)
            return cast("ModelSubject", kind(str(version), _note(known, release, version), release.lacking))
    except (Exception, SystemExit) as error:
        raise SubjectError(
            "the subject",
            f"{known.name} {version}, which cannot be imported ({type(error).__name__}: {error})",
            "an importable release",
            f"Reinstall it: {_install(known, release)}",
        ) from error


def _note(known: Releases, release: Release, version: Version) -> str:
    """What a reader of results must know about the choice of the adapter; empty for a release as it was published."""
    tried = f"the adapter for {release.version} is tried."
    if version.local is not None or _is_checkout(known.name):
        return f"{known.name} {version.public} is a local build; {tried}"
    if known.exactly(version) is not None:
        return ""
    newer = Version(version.base_version) > known.newest.number
    what = "is newer than any release this harness knows" if newer else "is no release that this harness knows"
    return f"{known.name} {version} {what}; {tried}"


def _is_checkout(name: str) -> bool:
    """Whether the distribution is an editable checkout."""
    try:
        text = metadata.distribution(name).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return False
    return bool(text and json.loads(text).get("dir_info", {}).get("editable"))


def _install(known: Releases, release: Release) -> str:
    if release.stub:
        return f"{known.name} {release.version} cannot be had from the package index: {release.stub}."
    if release == load_lines()[0].newest:
        return f"pip install 'aiconfigurator-harness[subject]' ({known.name} {release.version})"
    wanted = " ".join(f"'{one}'" for one in (f"{known.name}=={release.version}", *release.pins))
    return f"pip install {wanted}"


def _number(known: Releases, version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion as error:
        found = f"{known.name} with the version {version!r}"
        raise SubjectError(
            "the subject", found, "a version number", f"Reinstall it: {_install(known, known.newest)}"
        ) from error


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
