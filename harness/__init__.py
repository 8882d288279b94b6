"""Independent test-and-validation harness for NVIDIA's `aiconfigurator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.checks.records import Finding

__version__ = "0.1.0"


def run_checks(  # noqa: PLR0913 - every way to narrow a run has a name
    models: Iterable[str] | None = None,
    *,
    checks: Iterable[str] | None = None,
    subject_path: Path | None = None,
    config_dir: Path | None = None,
    known_issues: Path | None = None,
    systems: Iterable[str] = (),
    backends: Iterable[str] = (),
    versions: Iterable[str] = (),
    estimates: bool = False,
    jobs: int = 1,
) -> tuple[Finding, ...]:
    """Check what a subject makes of models.

    Example:
        >>> import harness
        >>> findings = harness.run_checks(["Qwen/Qwen3-8B"], checks=["is_moe"])
        >>> [str(finding.outcome) for finding in findings]
        ['pass']

    Args:
        models: Ids of stored configs, globs over them, or paths; None for all of them, every system and the release.
        checks: Ids of checks, or globs; None for all.
        subject_path: Folder to import the subject from; None for the installed one.
        config_dir: Where stored configs are looked up; the harness's own by default.
        known_issues: File of known issues; the harness's own by default.
        systems: GPU systems or globs; like the next two, it asks for checks of estimates.
        backends: Backends or globs.
        versions: Backend versions or globs.
        estimates: Run checks of estimates, on the newest version of every system and backend unless told otherwise.
        jobs: Processes at work at once. More than one starts Python anew, so the calling script must be guarded by
            `if __name__ == "__main__"`.

    Returns:
        Every finding, passed ones included. `finding.unexpected` marks what fails a run.

    Raises:
        HarnessError: Something to mend: a pattern matches nothing, a config or the file of known issues cannot be read,
            or the subject cannot be loaded.
        KeyboardInterrupt: The run was interrupted.
    """
    from harness.checks.choice import Choice  # noqa: PLC0415 - `import harness` stays cheap
    from harness.checks.run import prepare, run  # noqa: PLC0415

    choice = Choice(
        models=tuple(models or ()),
        checks=tuple(checks or ()),
        systems=tuple(systems),
        backends=tuple(backends),
        versions=tuple(versions),
        estimates=estimates,
        folder=config_dir,
    )
    subject, chosen, plan = prepare(choice, subject_path=subject_path, known_issues=known_issues, jobs=jobs)
    if chosen.unreadable:
        raise chosen.unreadable[0]
    result = run(plan, subject)
    if result.interrupted:
        raise KeyboardInterrupt
    return result.findings
