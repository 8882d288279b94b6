"""`aic-harness scaffold`: what a contributor adds for a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, ConfigDir, ModelId, Quiet, SubjectPath, Verbose
from harness.cli.output import header, note, say, say_json
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.guide.scaffold.files import Scaffold

Target = Annotated[str, typer.Argument(help="Config file, its folder, or a stored HuggingFace id.", metavar="PATH|ID")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write into.", metavar="DIR", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")]

_TITLES = {
    "S1": "An existing family fits with the same ops: the config is all that is needed{mapping}.",
    "S2": "An existing family fits, and its parsing must learn the model's own fields.",
    "S3": "No family fits, so that a new one needs parsing and a model class.",
}


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def scaffold(
        target: Target,
        out: Out,
        force: Force = False,
        model_id: ModelId = "",
        config_dir: ConfigDir = None,
        subject_path: SubjectPath = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Write what a contributor must add to aiconfigurator for a model, made from its layer plan.

        The config under its right name, where to register what, a dataclass of the model's own fields, the ops with
        their layer counts, a unit test of the parsing, and a stub for known issues; of a model that an existing
        family takes as it is, just the config and the mapping. All files or none are written, and none is
        overwritten without --force.

        Example: aic-harness scaffold path/to/config.json --model-id Org/Model --out my_model
        """
        from harness.guide.scaffold.files import scaffold as make
        from harness.guide.scaffold.files import write
        from harness.reference.find_config import is_model_id
        from harness.subjects.installed import load_subject

        if model_id and not is_model_id(model_id):
            raise UsageError("--model-id", repr(model_id), "a HuggingFace id such as Qwen/Qwen3-8B")
        subject = load_subject(subject_path)
        note(header(subject.info), quiet=quiet)
        made = make(subject, target, model_id, config_dir)
        write(made.files, out, force=force)
        if as_json:
            say_json([file.path for file in made.files])
        else:
            _show(made, out, verbose=verbose)


def _show(made: Scaffold, out: Path, *, verbose: bool) -> None:
    is_mapped = not any(file.path == "REGISTRATION.md" for file in made.files)
    say(f"{made.model}, situation {made.situation}")
    say(_TITLES[made.situation].format(mapping="" if is_mapped else ", and one line that maps its architecture"))
    for reason in made.reasons if verbose else ():
        say(f"  because {reason}")
    for number, file in enumerate(made.files, 1):
        say(f"  {number}. {out / file.path}\n     {file.todo}")
