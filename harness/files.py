"""Files that others may have left or replaced: read with a bound, written beside their place, temporary ones."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import SurroundingsError

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_BYTES = 1 << 30
"""Results are some megabytes; what is larger is something else, and reading it could fill the memory."""

_MODE = 0o666
"""Of a new file, less what the umask takes away."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """What a file holds, or what a pipe gives that somebody writes to; nothing keeps the caller waiting otherwise.

    Raises:
        OSError: It cannot be read, is a folder, a device or a socket, or is larger than the limit.
    """
    # A named pipe that nobody writes to would otherwise never open.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
            raise OSError(errno.EINVAL, "a device or socket", str(path))
        os.set_blocking(file.fileno(), True)
        content = b"" if status.st_size > limit else file.read(limit + 1)
    if max(status.st_size, len(content)) > limit:
        raise OSError(errno.EFBIG, f"more than {limit} bytes", str(path))
    return content


def created(path: Path, like: Path | None = None, *, buffering: int = -1) -> BinaryIO:
    """A new file, open for writing, that takes the place of what bears its name: a link is removed, not followed.

    Args:
        path: The file.
        like: A file whose permissions it gets, if there is one; by default the umask says which.
        buffering: As for `open`.

    Raises:
        OSError: It cannot be made.
    """
    path.unlink(missing_ok=True)
    mode = _permissions(like)
    # It must not be readable to more people than the old one, not even until it takes its place.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE if mode is None else mode)
    if mode is not None:
        os.fchmod(descriptor, mode)
    return os.fdopen(descriptor, "wb", buffering=buffering)


def _permissions(path: Path | None) -> int | None:
    """Permissions of a file; None where there is none, or only a link."""
    try:
        status = path.lstat() if path is not None else None
    except OSError:
        return None
    return stat.S_IMODE(status.st_mode) & 0o777 if status is not None and stat.S_ISREG(status.st_mode) else None


def temporary_folder(purpose: str) -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed with the object.

    Args:
        purpose: What its name says.

    Raises:
        SurroundingsError: There is no place for it.
    """
    try:
        return tempfile.TemporaryDirectory(prefix=f"aic-harness-{purpose}", ignore_cleanup_errors=True)
    except OSError as error:
        raise no_room(error) from error


def no_room(error: OSError) -> SurroundingsError:
    """The error of a machine that takes no temporary file."""
    found = f"none that takes a file ({error.strerror or error})"
    return SurroundingsError("the folder for temporary files", found, "room for some kilobytes", "Set TMPDIR.")


def refuse_lost_folder() -> None:
    """Refuse to go on in a working folder that has been removed, in which no process can be started.

    Raises:
        SurroundingsError: It has been.
    """
    try:
        Path.cwd()
    except OSError as error:
        found, expected = "that it has been removed", "a folder that is there"
        raise SurroundingsError("the working folder", found, expected, "Change to one.") from error
