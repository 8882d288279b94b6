"""`aic-harness releases`: all releases side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import AsJson, Quiet, ResultsDir, Verbose
from harness.cli.output import note, say, say_json

History = Annotated[
    Path | None,
    typer.Option(
        "--history", help="Also write what was found in each release, as Markdown.", metavar="FILE", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def releases(
        results: ResultsDir = Path("results"),
        history: History = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """What can be installed, what was tested, capabilities side by side, and when each finding came and went.

        Example: aic-harness releases --history docs/history.md
        """
        from harness.matrix.publish import publish, refuse_bad_file
        from harness.results import releases_text as text
        from harness.results.history import history_page
        from harness.results.overview import findings_of, releases_in

        if history is not None:
            refuse_bad_file(history)
        found = releases_in(results)
        if history is not None:
            publish({history: history_page(findings_of(found, results)).encode()})
            note(f"wrote {history}", quiet=quiet)
        if as_json:
            say_json(text.to_json_document(found))
        else:
            say(text.to_text(found, verbose=verbose))
