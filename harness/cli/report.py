"""`aic-harness report`: results as one page, or in short as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import AsJson, ConfigDir, Quiet, ResultsDir, Verbose
from harness.cli.output import note, say, say_json
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError

PAGE = "index.html"

Given = Annotated[
    list[str],
    typer.Argument(
        help="Support matrix, findings, descriptions of models, folder that holds them, or release.",
        metavar="RESULTS...",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help=f"Folder to write {PAGE} to.", metavar="DIR", show_default=False)
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        help="Results to compare with: release, file or folder; shows what changed since.",
        metavar="R",
        show_default=False,
    ),
]
Markdown = Annotated[
    bool, typer.Option("--markdown", help="Print a short report for a CI job's summary or a pull request.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def report(
        given: Given,
        out: Out = None,
        against: Against = None,
        markdown: Markdown = False,
        results: ResultsDir = Path("results"),
        config_dir: ConfigDir = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Show results as one page that needs nothing else, or in short as Markdown.

        The evidence beside a matrix is read with it. Exit code 1 when a finding is no known issue or, with --against,
        when something got worse; the page is written all the same.

        Example: aic-harness report support_matrix.csv results/0.12.0 --against 0.10.0 --out report
        """
        from dataclasses import asdict
        from datetime import UTC, datetime

        from harness.matrix.publish import publish, refuse_bad_file
        from harness.report.build import build
        from harness.report.html import render
        from harness.report.loading import load
        from harness.report.markdown import to_markdown
        from harness.report.summary import summary_of
        from harness.results.sides import side_of

        if markdown and as_json:
            raise UsageError("--markdown and --json", "both", "one of the two")
        if out is None and not (markdown or as_json):
            raise UsageError("report", "no --out", "a folder for the page, or --markdown or --json")
        page = None if out is None else out / PAGE
        if page is not None:
            refuse_bad_file(page)
        loaded = load(given, results)
        other = side_of(against, results) if against else None
        payload = build(loaded, other, datetime.now(UTC), name=", ".join(given), folder=config_dir)
        summary = summary_of(payload)
        if page is not None:
            publish({page: render(payload).encode()})
            note(f"wrote {page}", quiet=quiet)
        if as_json:
            say_json(
                asdict(summary) | {"notes": list(payload.run.notes), "written": None if page is None else str(page)}
            )
        elif markdown:
            say(to_markdown(payload, summary))
        else:
            for part in payload.run.parts if verbose else ():
                counts = ", ".join(f"{number} {outcome}" for outcome, number in part.counts)
                say(f"{part.name}: {part.kind}, {part.records} records: {counts}")
            for line in payload.run.notes:
                note(f"note: {line}", quiet=quiet)
        raise typer.Exit(EXIT_OK if summary.fine else EXIT_FINDINGS)
