"""`aic-harness assess`: where a model stands, and what to do next."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from harness.cli.options import AsJson, Backends, ConfigDir, ModelId, Quiet, SubjectPath, Systems, Verbose, Versions
from harness.cli.output import header, note, painted, say, say_json
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError

Target = Annotated[str, typer.Argument(help="Config file, its folder, or a stored HuggingFace id.", metavar="PATH|ID")]
Checklist = Annotated[
    bool, typer.Option("--checklist", help="Print the integration checklist as Markdown, ticked by what was verified.")
]
Estimates = Annotated[
    bool,
    typer.Option(
        "--estimates",
        help="Also judge estimates, on the first database that has measured every kind of its layers; "
        "so do --system, --backend and --version, on what they name.",
    ),
]

_COLOURS = {"done": "green", "missing": "yellow", "wrong": "red"}


def _paint(sign: str, state: str) -> str:
    return painted(sign, _COLOURS[state])


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def assess(
        target: Target,
        checklist: Checklist = False,
        estimates: Estimates = False,
        model_id: ModelId = "",
        system: Systems = None,
        backend: Backends = None,
        version: Versions = None,
        config_dir: ConfigDir = None,
        subject_path: SubjectPath = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """What it takes to have a model supported: situation, phases, what is missing or wrong, and the next step.

        S1: an existing model family fits as it is. S2: one fits, and the parsing must learn fields. S3: a new family
        must be written. Reads any config.json, also of an architecture that nobody knows yet.

        Exit code 0 when everything is done; 1 when something is missing or wrong.

        Example: aic-harness assess path/to/config.json --model-id Org/Model
        """
        from harness.checks.choice import Choice
        from harness.guide.assess import assess as ask
        from harness.guide.assess_text import text
        from harness.guide.checklist import markdown
        from harness.reference.find_config import is_model_id
        from harness.subjects.installed import load_subject

        if as_json and checklist:
            raise UsageError("assess", "--json and --checklist", "one of the two")
        if model_id and not is_model_id(model_id):
            raise UsageError("--model-id", repr(model_id), "a HuggingFace id such as Qwen/Qwen3-8B")
        # A command of two seconds frees nothing worth looking for; looking takes a tenth of it.
        gc.disable()
        subject = load_subject(subject_path)
        note(header(subject.info), quiet=quiet)
        where = Choice(
            systems=tuple(system or ()),
            backends=tuple(backend or ()),
            versions=tuple(version or ()),
            estimates=estimates,
        )
        found = ask(
            subject,
            target,
            model_id=model_id,
            estimates=where if where.asks_for_estimates else None,
            folder=config_dir,
            subject_path=subject_path,
        )
        if as_json:
            say_json(found.document())
        elif checklist:
            say(markdown(found, f"{subject.info.name} {subject.info.version}"))
        else:
            say(text(found, verbose=verbose, paint=_paint))
        raise typer.Exit(EXIT_OK if found.done else EXIT_FINDINGS)
