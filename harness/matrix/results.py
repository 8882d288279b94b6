"""Where the results of a run go, and whether they can get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OutputError
from harness.matrix.evidence import evidence_file, evidence_path
from harness.matrix.publish import publish, refuse_bad_file
from harness.matrix.store import matrix_file, merged, write_split
from harness.matrix.table import Row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.matrix.run import RunResult
    from harness.subjects.api import SubjectInfo


def refuse_bad_targets(out: Path | None, split: Path | None, *, merge: bool) -> None:
    """Find out before the work is done that its result could not be saved; see `save` for the arguments.

    Raises:
        OutputError: Nothing can be written at one of the paths.
        MatrixFileError: What should be merged with is no matrix.
    """
    if out is not None:
        refuse_bad_file(out)
        refuse_bad_file(evidence_path(out))
    if split is not None:
        if split.exists() and not split.is_dir():
            raise OutputError(str(split), "a file", "a folder, or a name that is free for one")
        refuse_bad_file(split / "index.json", named=split)
    for path in (out, split):
        if merge and path is not None:
            merged(path, ())


def save(  # noqa: PLR0913 - as many as there are places and things to say there
    result: RunResult,
    subject: SubjectInfo,
    out: Path | None,
    split: Path | None,
    *,
    merge: bool,
    made_with: Mapping[str, str] | None = None,
) -> list[str]:
    """Write what a run came to; a partial run never replaces a matrix, it lands in `<name>.partial.csv`.

    Args:
        result: The run.
        subject: Whom the verdicts are about.
        out: CSV file to write, with the evidence beside it, or None.
        split: Folder for one CSV per system, or None.
        merge: Keep the rows of an existing `out` and `split` that were not judged.
        made_with: Versions of harness and Python, where these are not the ones that judged.

    Returns:
        The paths written.
    """
    if not result.verdicts:
        return []
    if result.unjudged:
        out = None if out is None else out.with_suffix(".partial.csv")
        split, merge = None, False
    rows = [Row.from_verdict(verdict) for verdict in result.verdicts]
    written = []
    if out is not None:
        evidence = evidence_path(out)
        matrix = merged(out if merge else None, rows)
        behind = evidence_file(result.verdicts, subject, evidence if merge else None, made_with)
        publish({out: matrix_file(matrix, out), evidence: behind})
        written += [str(out), str(evidence)]
    if split is not None:
        write_split(merged(split if merge else None, rows), split)
        written.append(str(split))
    return written
