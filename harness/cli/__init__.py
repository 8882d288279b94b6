"""The command line `aic-harness`: doors only, no rules live here."""

from __future__ import annotations

import faulthandler
import sys

import typer

from harness.cli import (
    assess,
    cache,
    check,
    compare,
    configs,
    describe,
    explain,
    jobs,
    matrix,
    merge,
    plan,
    releases,
    report,
    scaffold,
    streams,
    version,
)
from harness.cli.output import note
from harness.errors import EXIT_FINDINGS, EXIT_INPUT, HarnessError, SurroundingsError

app = typer.Typer(
    name="aic-harness",
    help=(
        "Judge an installed release of NVIDIA's aiconfigurator: which models it supports on which system, backend "
        "and version, and whether its answers are right; and read any model config into exact counts, without it.\n\n"
        "Start with: aic-harness matrix run --model Qwen/Qwen3-32B --system h200_sxm"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing help with rich would double the time it takes to show it
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(matrix.app, name="matrix")
check.register(app)
plan.register(app)
assess.register(app)
explain.register(app)
describe.register(app)
scaffold.register(app)
configs.register(app)
compare.register(app)
releases.register(app)
merge.register(app)
report.register(app)
jobs.register(app)
app.add_typer(cache.app, name="cache")
version.register(app)


def main() -> None:
    """Entry point of the console script: every error a user can mend is one line on stderr and an exit code."""
    streams.set_up()
    # A crash in compiled code says where it was.
    faulthandler.enable()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except (HarnessError, SurroundingsError) as error:
        note(f"error: {error}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        streams.drop(sys.stdout)
        sys.exit(EXIT_FINDINGS)
    except OSError as error:
        streams.drop(sys.stdout)
        # Files are checked before they are used; what is left is an output stream that takes no more.
        note(f"error: {error.filename or 'output'}: {error.strerror}")
        sys.exit(EXIT_INPUT)
