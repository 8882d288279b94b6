"""What `check` shows while it works and when it is done, and the files it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks import publish
from harness.checks.findings_page import findings_page
from harness.checks.records import Result
from harness.cli.progress import progress as shown
from harness.matrix.publish import publish as write_files
from harness.matrix.publish import refuse_bad_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from harness.checks.choice import Chosen
    from harness.checks.known_issues import KnownIssues
    from harness.checks.records import Judged
    from harness.checks.run import RunResult

_STYLES = {
    Result.PASS: "green",
    Result.KNOWN: "yellow",
    Result.SKIP: "bright_black",
    Result.FAIL: "red",
    Result.ERROR: "magenta",
}


def progress(total: int, *, quiet: bool) -> AbstractContextManager[Callable[[Judged], None]]:
    """Show progress on stderr."""
    return shown(total, "checks", lambda judged: judged.result, _STYLES, quiet=quiet)


def text(result: RunResult, seconds: float, *, verbose: bool) -> str:
    """The run for a person: counts, known issues, and every unexpected finding in full."""
    parts = [publish.table(result.judged)] if result.judged else []
    parts += ["\n".join(lines)] if (lines := publish.known(result.judged, verbose=verbose)) else []
    parts += [publish.failure(finding, verbose=verbose) for finding in result.unexpected]
    if verbose:
        parts += [
            "\n".join(
                f"skip {finding.id}: {publish.printable(finding.actual)}"
                for finding in result.findings
                if finding.outcome.value == Result.SKIP.value
            )
        ]
    counts = {name: sum(each.result is name for each in result.judged) for name in reversed(Result)}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    stale = sum(finding.stale for finding in result.unexpected)
    tail = f"; {stale} of the failures are known issues that no longer hold" if stale else ""
    parts.append(f"{len(result.judged)} checks in {seconds:.1f} s: {said or 'none done'}{tail}")
    return "\n\n".join(part for part in parts if part)


def notes(chosen: Chosen) -> list[str]:
    """What was left out, and how to get it."""
    if not chosen.left_out:
        return []
    names = ", ".join(chosen.left_out)
    return [f"note: estimates were not checked ({names}); add --estimates, or --system, --backend, --version"]


def problems(result: RunResult, chosen: Chosen) -> list[str]:
    """What kept pairs from being judged, one line each."""
    lines = [f"error: {error}" for error in chosen.unreadable]
    if result.interrupted:
        lines.append(f"interrupted: {len(result.judged)} checks are done and shown above; {len(result.undone)} are not")
    return lines


def refuse_bad_files(*paths: Path | None) -> None:
    """Find out before the work is done that a file cannot be written.

    Raises:
        OutputError: One of them cannot.
    """
    for path in paths:
        if path is not None:
            refuse_bad_file(path)


def write(result: RunResult, known: KnownIssues, junit: Path | None, findings: Path | None) -> None:
    """Write the files that were asked for.

    Raises:
        OutputError: One of them cannot be written.
    """
    contents = {}
    if junit is not None:
        contents[junit] = publish.junit(result)
    if findings is not None and not result.interrupted:
        contents[findings] = findings_page(known.entries, result.findings).encode()
    write_files(contents)
