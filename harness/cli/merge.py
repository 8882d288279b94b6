"""`aic-harness merge`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import AsJson, Quiet, Split, Verbose
from harness.cli.output import say, say_json


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def merge(
        parts: Annotated[list[Path], typer.Argument(help="What the shards of one run wrote.", show_default=False)],
        out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.", show_default=False)],
        split: Split = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Put the parts of one run together, as if it had been run in one piece.

        Parts that are missing, there twice, cut off, or of another run are refused. Parts of a matrix give its CSV with
        the evidence beside it; parts of `check --out` give one file of findings.

        Example: aic-harness merge support_matrix.1-of-2.jsonl support_matrix.2-of-2.jsonl --out support_matrix.csv
        """
        from harness.results import findings_file
        from harness.results.stream import format_of

        del quiet  # it says nothing on stderr as it is
        if format_of(min(parts)) == findings_file.FORMAT.name:
            _merge_findings(parts, out, as_json=as_json)
        else:
            _merge_matrix(parts, out, split, as_json=as_json, verbose=verbose)


def _merge_matrix(parts: list[Path], out: Path, split: Path | None, *, as_json: bool, verbose: bool) -> None:
    from harness.cli import matrix_report as report
    from harness.matrix import results
    from harness.matrix.run import RunResult
    from harness.results.merging import merge_shards
    from harness.results.output_lock import held

    started = time.monotonic()
    results.refuse_bad_targets(out, split, merge=False)
    with held(out, split):
        found = merge_shards(parts)
        result = RunResult(found.verdicts, ())
        written = results.save(result, found.subject, out, split, merge=False, made_with=found.made_with)
    summary = report.summary(result, dict(found.versions), time.monotonic() - started, written)
    if as_json:
        say_json(summary)
    else:
        say(report.text(result, summary, verbose=verbose))


def _merge_findings(parts: list[Path], out: Path, *, as_json: bool) -> None:
    from harness.matrix.publish import publish, refuse_bad_file
    from harness.results.findings_file import merge as merged
    from harness.results.stream import to_bytes

    refuse_bad_file(out)
    publish({out: to_bytes(merged(parts))})
    if as_json:
        say_json({"written": [str(out)]})
    else:
        say(f"wrote {out}")
