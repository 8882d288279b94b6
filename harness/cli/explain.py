"""`aic-harness explain`: how the pattern of a model's layers was read."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import AsJson, ConfigDir, Quiet, SubjectPath, Verbose
from harness.cli.output import header, note, painted, say, say_json
from harness.errors import EXIT_FINDINGS, EXIT_OK

Target = Annotated[
    str, typer.Argument(help="HuggingFace id of a stored config, config file or its folder.", metavar="MODEL|PATH")
]

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")


def _paint(sign: str, place: int) -> str:
    return painted(sign, _COLOURS[place % len(_COLOURS)])


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def explain(
        target: Target,
        config_dir: ConfigDir = None,
        subject_path: SubjectPath = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """How the pattern of a model's layers was read: layer by layer, by which field, where the subject disagrees.

        Exit code 0 when the subject reads the layers alike, or does not map the model at all; 1 when it disagrees.

        Example: aic-harness explain Qwen/Qwen3.5-397B-A17B
        """
        from harness.guide.explain import explain as ask
        from harness.guide.explain_text import text
        from harness.subjects.installed import load_subject

        subject = load_subject(subject_path)
        note(header(subject.info), quiet=quiet)
        found = ask(subject, target, folder=config_dir, subject_path=subject_path)
        if as_json:
            say_json(found.document())
        else:
            say(text(found, verbose=verbose, paint=_paint))
        raise typer.Exit(EXIT_FINDINGS if found.verdict.disagreements else EXIT_OK)
