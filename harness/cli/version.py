"""`aic-harness version`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import harness
from harness.cli.options import AsJson, Quiet, Verbose
from harness.cli.output import say, say_json

if TYPE_CHECKING:
    import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def version(as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
        """Versions of harness, subject, data and Python.

        Example: aic-harness version --json
        """
        from harness.subjects.installed import installed_versions

        versions = [*installed_versions().values()]
        document = {
            "harness": harness.__version__,
            "subject": versions[0],
            # Some releases carry their data themselves.
            "data": versions[-1],
            "python": platform.python_version(),
        }
        if verbose:
            document["platform"] = platform.platform()
        if as_json:
            say_json(document)
            return
        for name, value in document.items():
            say(f"{value or 'not installed'}" if quiet else f"{name:8} {value or 'not installed'}")
