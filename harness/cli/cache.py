"""`aic-harness cache info | prune`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, CacheDir, Quiet, Verbose
from harness.cli.output import say, say_json
from harness.errors import OutputError, UsageError

if TYPE_CHECKING:
    from harness.matrix.cache import Contents

app = typer.Typer(
    help="Verdicts that `matrix run` keeps for later runs: info, prune.",
    no_args_is_help=True,
)

_MIB = 1 << 20


@app.command()
def info(cache_dir: CacheDir = None, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Say where the cache is and what it holds.

    Example: aic-harness cache info
    """
    from harness.matrix.cache import contents

    folder = _folder(cache_dir)
    found = contents(folder)
    if as_json:
        say_json({"folder": str(folder), **asdict(found)})
        return
    unused = f", unused for at most {found.oldest_days:.1f} days" if found.verdicts + found.databases else ""
    say(f"{_named(folder, quiet=quiet)}{_text(found, verbose=verbose)}{unused}")


@app.command()
def prune(
    days: Annotated[
        float, typer.Option("--days", min=0, help="Remove what was not used for so many days; 0 for everything.")
    ] = 30,
    cache_dir: CacheDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Remove verdicts that no run has used for a while.

    Example: aic-harness cache prune --days 7
    """
    from harness.matrix.cache import prune as remove_unused

    folder = _folder(cache_dir)
    try:
        removed = remove_unused(folder, days)
    except OSError as error:
        raise OutputError(str(error.filename), error.strerror or str(error), "a file that can be removed") from error
    if as_json:
        say_json({"folder": str(folder), "removed": removed.verdicts + removed.databases, "size": removed.size})
        return
    say(f"{_named(folder, quiet=quiet)}removed {_text(removed, verbose=verbose)}")


def _named(folder: Path, *, quiet: bool) -> str:
    return "" if quiet else f"{folder}: "


def _text(found: Contents, *, verbose: bool) -> str:
    beside = f" and what is known of the tables of {found.databases} databases" if verbose else ""
    return f"{found.verdicts} verdicts{beside}, {found.size / _MIB:.1f} MiB"


def _folder(given: Path | None) -> Path:
    from harness.matrix.cache import default_folder

    folder = given or default_folder()
    if folder is None:
        raise UsageError("--cache-dir", "nothing, and no home folder", "the folder of the cache")
    if folder.exists() and not folder.is_dir():
        raise UsageError("--cache-dir", f"{folder}, which is no folder", "the folder of the cache")
    return folder
