"""`aic-harness configs`: what the subject ships against what is stored here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.cli.options import AsJson, Quiet, SubjectPath, Verbose
from harness.cli.output import header, note, say, say_json, versions
from harness.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def configs(
        subject_path: SubjectPath = None, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False
    ) -> None:
        """Configs that only the subject or only model_configs/ has.

        Exit code 1 when the two differ.

        Example: aic-harness configs --json
        """
        from harness.stored_configs import stored_models
        from harness.subjects.installed import load_subject

        subject = load_subject(subject_path)
        shipped, stored = set(subject.bundled_models()), set(stored_models())
        only_shipped, only_stored = sorted(shipped - stored), sorted(stored - shipped)
        if as_json:
            say_json(
                {
                    "versions": versions(subject.info),
                    "common": len(shipped & stored),
                    "only_shipped": only_shipped,
                    "only_stored": only_stored,
                }
            )
        else:
            note(header(subject.info), quiet=quiet)
            say(f"{len(shipped & stored)} models are both shipped by the subject and stored here")
            for model in sorted(shipped & stored) if verbose else ():
                say(f"  {model}")
            _say_list("shipped by the subject, not stored here", only_shipped)
            _say_list("stored here, not shipped by the subject", only_stored)
        if only_shipped or only_stored:
            raise typer.Exit(EXIT_FINDINGS)


def _say_list(title: str, models: Iterable[str]) -> None:
    models = list(models)
    say(f"{len(models)} {title}{':' if models else ''}")
    for model in models:
        say(f"  {model}")
