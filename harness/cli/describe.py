"""`aic-harness describe`: what a page about a model shows, recorded for later."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, ConfigDir, Jobs, Quiet, SubjectPath, Targets, Verbose
from harness.cli.output import header, note, say, say_json, versions
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.results.model_records import Description

All = Annotated[bool, typer.Option("--all", help="Every stored config.")]
Out = Annotated[Path, typer.Option("--out", help="JSON lines to write, for `aic-harness report`.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def describe(
        targets: Targets = None,
        all_stored: All = False,
        out: Out = Path("models.jsonl"),
        config_dir: ConfigDir = None,
        subject_path: SubjectPath = None,
        jobs: Jobs = 0,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Record models side by side: layers, parameters and cache by reference, oracle and subject, and one estimate.

        Also records which databases have measured which tables. `aic-harness report` shows both.

        Example: aic-harness describe --all --out results/0.12.0/models.jsonl
        """
        from harness.cli.progress import progress
        from harness.guide.describe import chosen, describe_all
        from harness.matrix.publish import refuse_bad_file
        from harness.results.models_file import header_of, write_models
        from harness.subjects.api import Capability
        from harness.subjects.installed import load_subject

        if bool(targets) == all_stored:
            raise UsageError("describe", "a model and --all" if all_stored else "no model", "a model, a path or --all")
        refuse_bad_file(out)
        models = chosen(targets or (), config_dir)
        subject = load_subject(subject_path)
        found = describe_all(
            models, subject, folder=config_dir, subject_path=subject_path, jobs=jobs or len(os.sched_getaffinity(0))
        )
        note(header(subject.info), quiet=quiet)
        counts = {"described": 0, "refused": 0}
        refusals: list[str] = []
        tables = subject.op_tables() if Capability.TABLES in subject.capabilities else ()
        first_line = partial(header_of, subject.databases(), tables, versions(subject.info))

        def outcome(description: Description) -> str:
            return "refused" if description.refusal else "described"

        with progress(len(models), "models", outcome, {"described": "green", "refused": "red"}, quiet=quiet) as shown:

            def on_done(model: str, description: Description) -> None:
                counts[outcome(description)] += 1
                if description.refusal:
                    refusals.append(f"{model}: {description.refusal}")
                shown(description)

            write_models(out, first_line, found, on_done)
        if as_json:
            say_json({"versions": versions(subject.info), "models": len(models), "counts": counts, "written": str(out)})
        else:
            say(f"{counts['described']} models described, {counts['refused']} that the subject does not build")
            for refusal in refusals if verbose else ():
                say(f"  {refusal}")
            say(f"wrote {out}")
