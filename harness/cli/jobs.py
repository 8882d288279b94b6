"""`aic-harness jobs`: what a nightly run consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, Quiet, SubjectPath, Verbose
from harness.cli.output import header, note, say, say_json, versions

if TYPE_CHECKING:
    from harness.results.jobs import ReleaseJob, ShardJob

Shards = Annotated[int, typer.Option("--shards", metavar="N", help="Parts that the matrix is divided into.")]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def jobs(
        shards: Shards = 4,
        subject_path: SubjectPath = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """The jobs of a nightly run: shards of the matrix, with what they are expected to cost, and releases.

        Example: aic-harness jobs --shards 4 --json
        """
        from harness.matrix.cells import all_cells
        from harness.results.jobs import release_jobs, shard_jobs
        from harness.subjects.installed import load_subject

        subject = load_subject(subject_path)
        of_matrix, of_releases = shard_jobs(all_cells(subject), shards), release_jobs()
        note(header(subject.info), quiet=quiet)
        if as_json:
            document = {
                "versions": versions(subject.info),
                "release": subject.info.version,
                "shards": [_shard(job) for job in of_matrix],
                "releases": [_release(job) for job in of_releases],
            }
            say_json(document)
        else:
            say(_text(of_matrix, of_releases))
            for job in of_matrix if verbose else ():
                say(f"\n{job.name}")
                say("\n".join(f"  {database}: {seconds:.0f} s" for database, seconds in sorted(job.size.costs.items())))


def _shard(job: ShardJob) -> dict[str, object]:
    return {
        "name": job.name,
        "shard": str(job.shard),
        "databases": len(job.size.costs),
        "cells": job.size.cells,
        "seconds": round(job.size.seconds),
        "command": job.command,
    }


def _release(job: ReleaseJob) -> dict[str, object]:
    return {
        "name": job.name,
        "release": job.release,
        "python": job.python,
        "pins": list(job.pins),
        "command": job.command,
    }


def _text(of_matrix: tuple[ShardJob, ...], of_releases: tuple[ReleaseJob, ...]) -> str:
    from tabulate import tabulate

    shards = [
        (str(len(job.size.costs)), str(job.size.cells), f"{job.size.seconds:.0f}", job.command) for job in of_matrix
    ]
    releases = [(job.release, job.python, ", ".join(job.pins), job.command) for job in of_releases]
    return "\n\n".join(
        (
            tabulate(shards, ("databases", "cells", "seconds", "command"), disable_numparse=True),
            tabulate(releases, ("release", "Python up to", "pins", "command"), disable_numparse=True),
        )
    )
