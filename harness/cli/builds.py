"""A local build as one side of a comparison: checked now, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.cli.output import note
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError
from harness.files import temporary_folder
from harness.results.sides import FINDINGS, holds_results, side_of
from harness.stored_configs import stored_models
from harness.subjects.installed import holds_subject

if TYPE_CHECKING:
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


def side_of_build(given: str, other: FindingsFile | None, *, quiet: bool) -> Side:
    """Run checks on a build.

    Args:
        given: Folder of the build.
        other: What it is compared with, which says what is asked; everything is without it.
        quiet: Without progress.

    Raises:
        typer.Exit: The run did not end, and has said why; the exit code is its own.
    """
    note(f"checking the build in {given}", quiet=quiet)
    chosen = ["--all"] if other is None else _asked(other)
    with temporary_folder("build-") as folder:
        path = Path(folder, FINDINGS)
        # The subject of this process cannot be another one, nor can one that was loaded be unloaded.
        command = [
            sys.executable,
            "-m",
            "harness.cli",
            "check",
            *chosen,
            "--subject-path",
            given,
            "--results",
            str(path),
        ]
        done = subprocess.run(command + ["--quiet"] * quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in {EXIT_OK, EXIT_FINDINGS}:
            raise typer.Exit(done.returncode)
        return replace(side_of(str(path), Path(folder)), name=given)


def _asked(other: FindingsFile) -> list[str]:
    # Estimates take minutes, and of a few databases they say little.
    static = [entry.id for entry in checks().values() if entry.id in other.checks and entry.scope is not Scope.ESTIMATE]
    stored = stored_models()
    models = [model for model in stored if model in other.configs]
    return [*(models if len(models) < len(stored) else ()), *(part for each in static for part in ("--check", each))]
