"""`aic-harness plan`: a config read into layers and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, ConfigDir, Quiet, Verbose
from harness.cli.output import note, say, say_json
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.reference.counting.ranks import Layout
    from harness.reference.report import PlanReport

LENGTHS = (1, 1024, 32768, 131072)
"""Sequence lengths at which the cache is shown."""

Targets = Annotated[
    list[str] | None, typer.Argument(help="HuggingFace ids, config files or their folders.", metavar="MODEL|PATH")
]
All = Annotated[bool, typer.Option("--all", help="Every stored config.")]
Tp = Annotated[int, typer.Option("--tp", help="Tensor-parallel ranks.")]
Pp = Annotated[int, typer.Option("--pp", help="Pipeline stages.")]
Ep = Annotated[int, typer.Option("--ep", help="Expert-parallel ranks.")]
Dp = Annotated[
    int | None,
    typer.Option("--dp", help="Attention-DP groups; as many as --ep needs if left out."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def plan(
        targets: Targets = None,
        all_stored: All = False,
        config_dir: ConfigDir = None,
        tp: Tp = 1,
        pp: Pp = 1,
        ep: Ep = 1,
        dp: Dp = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Layer plan, parameters, cache and state of a model, and what the oracle says about them.

        Parameters are of the text decoder; vision tower and prediction blocks are counted beside it. Cache bytes are of
        one sequence at bfloat16 on one rank; with --tp, --pp, --ep or --dp the fullest rank is shown as well.

        Example: aic-harness plan Qwen/Qwen3.5-397B-A17B --tp 8
        """
        from harness.reference.report import report_on
        from harness.stored_configs import stored_models

        layout = _layout(tp, pp, ep, dp)
        names = [*(targets or []), *(stored_models(config_dir) if all_stored else ())]
        if not names:
            raise UsageError("plan", "no model", "a HuggingFace id, a path, or --all")
        reports = [report_on(name, LENGTHS, layout, config_dir) for name in names]
        if as_json:
            say_json([report.document() for report in reports])
            return
        for report in reports:
            _show(report, verbose=verbose)
        note(f"{len(reports)} plans", quiet=quiet or len(reports) == 1)


def _layout(tp: int, pp: int, ep: int, dp: int | None) -> Layout | None:
    from harness.reference.counting.ranks import Layout

    # More expert ranks than tensor-parallel ones exist only with attention DP.
    groups = dp if dp is not None else max(1, ep // tp) if tp > 0 else 1
    layout = Layout(tp, pp, ep, groups)
    return None if layout == Layout() else layout


def _show(report: PlanReport, *, verbose: bool) -> None:
    for line in report.lines(verbose=verbose):
        say(line)
    say("")
