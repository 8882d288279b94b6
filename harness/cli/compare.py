"""`aic-harness compare`: what changed between two releases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    AsJson,
    Backends,
    Models,
    Modes,
    Quiet,
    ResultsDir,
    Systems,
    Verbose,
    Versions,
)
from harness.cli.output import note, say, say_json
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from harness.matrix.cells import Filters
    from harness.results.sides import Side

_SIDE = "Release, file of findings, support matrix, folder that holds them, or folder of a build, which is checked now."
Old = Annotated[str, typer.Argument(help=_SIDE, metavar="OLD", show_default=False)]
New = Annotated[str, typer.Argument(help=_SIDE, metavar="NEW", show_default=False)]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def compare(
        old: Old,
        new: New,
        model: Models = None,
        system: Systems = None,
        backend: Backends = None,
        version: Versions = None,
        mode: Modes = None,
        results: ResultsDir = Path("results"),
        markdown: Markdown = False,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """What changed between two releases or runs: statuses, findings, and the figures of each cell.

        With --model, --system, --backend, --version or --mode, statuses and figures are those of the cells that they
        name, and such cells of a build are judged now; a build without them is checked alone.

        Exit code 1 when a status got worse or a finding is new; 0 otherwise, whatever figures changed.

        Example: aic-harness compare 0.10.0 0.12.0 --markdown
        """
        from harness.matrix.cells import Filters
        from harness.results import compare_text as text
        from harness.results.compare import compare as compared

        if markdown and as_json:
            raise UsageError("--markdown and --json", "both", "one of the two")
        filters = Filters.of(model, system, backend, version, mode)
        found = compared(*_sides(old, new, results, filters, quiet=quiet))
        limit = {"limit": sys.maxsize} if verbose else {}
        if as_json:
            say_json(text.to_json_document(found))
        elif markdown:
            say(text.to_markdown(found, **limit))
        else:
            for line in found.notes:
                note(f"note: {line}", quiet=quiet)
            say(text.to_text(found, **limit))
        raise typer.Exit(EXIT_FINDINGS if found.regressions else EXIT_OK)


def _sides(old: str, new: str, results: Path, filters: Filters, *, quiet: bool) -> tuple[Side, Side]:
    from harness.cli.builds import is_build, side_of_build
    from harness.results.sides import side_of

    recorded = {given: side_of(given, results).narrowed(filters) for given in (old, new) if not is_build(given)}
    findings = next((side.findings for side in recorded.values() if side.findings), None)
    sides = (recorded.get(given) or side_of_build(given, findings, filters, quiet=quiet) for given in (old, new))
    return next(sides), next(sides)
