"""The command line `aic-harness`: doors only, no rules live here."""

from __future__ import annotations

import sys

import typer

from harness.cli import (
    assess,
    cache,
    check,
    compare,
    configs,
    explain,
    jobs,
    matrix,
    merge,
    plan,
    releases,
    scaffold,
    version,
)
from harness.cli.output import write_any_text
from harness.errors import EXIT_FINDINGS, EXIT_INPUT, HarnessError

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
scaffold.register(app)
configs.register(app)
compare.register(app)
releases.register(app)
merge.register(app)
jobs.register(app)
app.add_typer(cache.app, name="cache")
version.register(app)


def main() -> None:
    """Entry point of the console script: every error a user can mend is one line on stderr and an exit code."""
    write_any_text()
    try:
        app()
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(EXIT_FINDINGS)
    except OSError as error:
        # Files are checked before they are used; what is left is an output stream that takes no more.
        sys.stderr.write(f"error: {error.filename or 'output'}: {error.strerror}\n")
        sys.exit(EXIT_INPUT)
