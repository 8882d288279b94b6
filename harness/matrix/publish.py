"""Writes result files so that none is ever half written."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def publish(contents: Mapping[Path, bytes]) -> None:
    """Write files under temporary names, all of them, before the first gets its real one.

    Raises:
        OutputError: One of them cannot be written; unless a disk breaks between two renames, no file has been touched.
    """
    path, temporaries = Path(), dict[Path, Path]()
    try:
        for path in contents:
            refuse_unusable(path)
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporaries[path] = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
            with temporaries[path].open("xb") as stream:
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


def refuse_unusable(path: Path) -> None:
    """Refuse a path that no file can be written to: a folder, a device, a name below a file.

    Raises:
        OutputError: It is one of these.
    """
    if path.exists() and not path.is_file():
        found = "a folder" if path.is_dir() else "a device or pipe"
        raise OutputError(str(path), found, "the name of a file to write")
    parent = next(each for each in path.parents if each.exists())
    if not parent.is_dir():
        raise OutputError(str(path), f"that {parent} is a file", "a folder, or a name that is free for one")
