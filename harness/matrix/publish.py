"""Writes result files so that none is ever half written, and none anywhere but where the user said."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.files import created

if TYPE_CHECKING:
    from collections.abc import Mapping


def publish(contents: Mapping[Path, bytes], within: Path | None = None) -> None:
    """Write files under temporary names, all of them, before the first gets its real one.

    A file that is replaced leaves its permissions to the new one; a link is replaced, never followed.

    Args:
        contents: What to write where.
        within: A folder that no link below it may lead out of.

    Raises:
        OutputError: One of them cannot be written; unless a disk breaks between two renames, no file has been touched.
    """
    path, temporaries = Path(), dict[Path, Path]()
    try:
        for path in contents:
            refuse_unusable(path)
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if within is not None:
                _refuse_outside(path, within)
            # Its name is short, so that whatever the file may be called, there is room for it.
            temporaries[path] = path.with_name(f".{secrets.token_hex(4)}.tmp")
            with created(temporaries[path], like=path) as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except OSError as error:
        raise OutputError(str(path), error.strerror or str(error), "a place that can be written") from error
    finally:
        for temporary in temporaries.values():
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def refuse_bad_file(path: Path, named: Path | None = None) -> None:
    """Find out before the work is done that a result file could not be written.

    Args:
        path: The file.
        named: What the user named, where that is another path.

    Raises:
        OutputError: The path is a folder or a device, lies below a file, or its folder cannot be written.
    """
    try:
        place = path.absolute()
        refuse_unusable(place)
        _refuse_unwritable(next(each for each in place.parents if each.exists()))
    except OutputError as error:
        raise OutputError(str(named or path), error.found, error.expected) from error
    except OSError as error:
        found, expected = error.strerror or str(error), "a place that can be written"
        raise OutputError(str(named or path), found, expected) from error


def refuse_unusable(path: Path) -> None:
    """Refuse a path that no file can be written to: a folder, a device, a name below a file.

    Raises:
        OutputError: It is one of these.
        OSError: It cannot be looked at.
    """
    if path.exists() and not path.is_file():
        found = "a folder" if path.is_dir() else "a device or pipe"
        raise OutputError(str(path), found, "the name of a file to write")
    parent = next(each for each in path.parents if each.exists() or each.is_symlink())
    if not parent.is_dir():
        what = "a file" if parent.exists() else "a broken link"
        raise OutputError(str(path), f"that {parent} is {what}", "a folder, or a name that is free for one")


def _refuse_unwritable(folder: Path) -> None:
    try:
        # Root passes every permission check, so only trying tells.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        found = f"that {folder} cannot be written ({error.strerror})"
        raise OutputError(str(folder), found, "a place with write permission") from error


def _refuse_outside(path: Path, folder: Path) -> None:
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        found, expected = f"that {path.parent} is a link that leads out of {folder}", "a folder in it"
        raise OutputError(str(path), found, expected)
