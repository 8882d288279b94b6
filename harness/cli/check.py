"""`aic-harness check`: the subject's answers against the reference."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson, Backends, ConfigDir, Quiet, SubjectPath, Systems, Targets, Verbose, Versions
from harness.cli.output import header, note, say, say_json, versions
from harness.errors import EXIT_FINDINGS, EXIT_INPUT, EXIT_OK, UsageError

if TYPE_CHECKING:
    from harness.checks.choice import Choice, Chosen
    from harness.checks.run import RunResult

_INTERRUPTED = 130

All = Annotated[bool, typer.Option("--all", help="Every stored config, every system, and the release.")]
Checks = Annotated[
    list[str] | None,
    typer.Option("--check", help="Check or glob; repeat for more. Alone: on all it applies to.", metavar="ID"),
]
Phases = Annotated[
    list[int] | None, typer.Option("--phase", help="Checks of this phase only.", metavar="N", min=1, max=5)
]
Estimates = Annotated[
    bool,
    typer.Option(
        "--estimates",
        help="Also check estimates, on the newest version of each system and backend; "
        "so do --system, --backend and --version, on what they name.",
    ),
]
KnownIssuesFile = Annotated[
    Path | None,
    typer.Option(
        "--known-issues",
        help="Expected findings (default: those that come with the harness).",
        metavar="FILE",
        show_default=False,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        min=0,
        help="Processes that the checks are run in; 0 stands for all cores, and for none of them where models are few.",
    ),
]
JUnit = Annotated[
    Path | None, typer.Option("--junit", help="Also write JUnit XML.", metavar="FILE", show_default=False)
]
Findings = Annotated[
    Path | None,
    typer.Option(
        "--findings", help="Also write the known issues found, as Markdown.", metavar="FILE", show_default=False
    ),
]
Results = Annotated[
    Path | None,
    typer.Option(
        "--results",
        help="Also write every finding, as the run goes, for `aic-harness compare` and `releases`.",
        metavar="FILE",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""

    @app.command()
    def check(
        targets: Targets = None,
        all_stored: All = False,
        checks: Checks = None,
        phase: Phases = None,
        system: Systems = None,
        backend: Backends = None,
        version: Versions = None,
        estimates: Estimates = False,
        config_dir: ConfigDir = None,
        known_issues: KnownIssuesFile = None,
        subject_path: SubjectPath = None,
        jobs: Jobs = 0,
        junit: JUnit = None,
        findings: Findings = None,
        results: Results = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
        verbose: Verbose = False,
    ) -> None:
        """Check what the subject makes of a model against the config: layers, bytes, parsing, estimates.

        Exit code 0 when nothing but known issues is wrong; 1 otherwise, also when a known issue no longer holds.

        Example: aic-harness check Qwen/Qwen3.5-397B-A17B -v
        """
        from harness.checks.choice import Choice
        from harness.checks.run import prepare, run
        from harness.cli import check_report as report
        from harness.results.recording import run_recorded
        from harness.results.stream import partial_path

        if not (targets or all_stored or checks or phase):
            raise UsageError("check", "no model", "a HuggingFace id, a path, --all or --check")
        if targets and all_stored:
            raise UsageError("check", "a model and --all", "one of the two")
        report.refuse_bad_files(junit, findings, results)
        started = time.monotonic()
        choice = Choice(
            models=tuple(targets or ()),
            checks=tuple(checks or ()),
            phases=tuple(phase or ()),
            systems=tuple(system or ()),
            backends=tuple(backend or ()),
            versions=tuple(version or ()),
            estimates=estimates,
            folder=config_dir,
        )
        subject, chosen, plan = prepare(
            choice,
            subject_path=subject_path,
            known_issues=known_issues,
            jobs=jobs or len(os.sched_getaffinity(0)),
            isolated=jobs > 0,
        )
        _refuse_unreadable(choice, chosen)
        note(header(subject.info), quiet=quiet)
        with report.progress(len(plan.pairs), quiet=quiet) as on_judged:
            if results is None:
                result = run(plan, subject, on_judged)
            else:
                result = run_recorded(results, plan, subject, versions(subject.info), on_judged)
        try:
            report.write(result, plan.known, junit, findings)
        finally:
            # A disk that has become full meanwhile takes the files, and not what was found.
            if as_json:
                say_json([finding.document() for finding in result.findings])
            else:
                say(report.text(result, time.monotonic() - started, verbose=verbose))
        for line in report.notes(chosen):
            note(line, quiet=quiet)
        for line in report.problems(result, chosen):
            note(line)
        if results is not None and result.interrupted:
            note(f"interrupted: what is done is also in {partial_path(results)}")
        raise typer.Exit(_exit_code(result, chosen))


def _refuse_unreadable(choice: Choice, chosen: Chosen) -> None:
    """One bad model alone is the whole answer; among others it is named at the end."""
    if len(choice.models) == 1 and chosen.unreadable and not chosen.pairs:
        raise chosen.unreadable[0]


def _exit_code(result: RunResult, chosen: Chosen) -> int:
    if result.interrupted:
        return _INTERRUPTED
    if chosen.unreadable:
        return EXIT_INPUT
    return EXIT_FINDINGS if result.unexpected else EXIT_OK
