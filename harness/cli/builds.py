"""A local build as one side of a comparison: checked and judged now, in processes of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.cli.output import note
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError
from harness.files import temporary_folder
from harness.results.sides import FINDINGS, MATRIX, folder_side, holds_results
from harness.stored_configs import stored_models
from harness.subjects.installed import holds_subject

if TYPE_CHECKING:
    from harness.matrix.cells import Filters
    from harness.results.findings_file import FindingsFile
    from harness.results.sides import Side


def is_build(given: str) -> bool:
    """Whether a user names a folder that the subject can be imported from, and no results.

    Raises:
        UsageError: It is a wheel, from which nothing is imported.
    """
    path = Path(given)
    if path.suffix == ".whl" and path.is_file():
        todo = f"Unpack it with what it needs: pip install --target build {path}; then name the folder build."
        raise UsageError(given, "a wheel", "a folder that the package can be imported from", todo)
    return path.is_dir() and not holds_results(path) and holds_subject(path)


def side_of_build(given: str, other: FindingsFile | None, filters: Filters, *, quiet: bool) -> Side:
    """Run checks on a build, and judge cells of its matrix.

    Args:
        given: Folder of the build.
        other: What it is compared with, which says which checks are run; without it and filters, all are.
        filters: Which cells are judged; none without any.
        quiet: Without progress.

    Raises:
        typer.Exit: A run did not end, and has said why; the exit code is its own.
    """
    note(f"checking the build in {given}", quiet=quiet)
    with temporary_folder("build-") as folder:
        if other or not filters:
            asked = _asked(other) if other else ["--all"]
            _run("check", *asked, "--results", str(Path(folder, FINDINGS)), of=given, quiet=quiet)
        if filters:
            words = [word for option, values in filters.options() for value in values for word in (option, value)]
            _run("matrix", "run", *words, "--out", str(Path(folder, MATRIX)), of=given, quiet=quiet)
        return folder_side(Path(folder), given)


def _run(*words: str, of: str, quiet: bool) -> None:
    # The subject of this process cannot be another one, nor can one that was loaded be unloaded.
    command = [sys.executable, "-m", "harness.cli", *words, "--subject-path", of, *(["--quiet"] if quiet else ())]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in {EXIT_OK, EXIT_FINDINGS}:
        raise typer.Exit(done.returncode)


def _asked(other: FindingsFile) -> list[str]:
    # Estimates take minutes, and of a few databases they say little.
    static = [entry.id for entry in checks().values() if entry.id in other.checks and entry.scope is not Scope.ESTIMATE]
    stored = stored_models()
    models = [model for model in stored if model in other.configs]
    return [*(models if len(models) < len(stored) else ()), *(part for each in static for part in ("--check", each))]
