"""What a user names for a comparison, read: a release, a folder of results, or one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ResultsError
from harness.globs import some
from harness.matrix.cells import select
from harness.matrix.evidence import evidence_path, read_evidence
from harness.matrix.store import read_matrix
from harness.results.findings_file import merge, parsed, read_findings
from harness.results.stream import partial_path
from harness.results.values import figures_of
from harness.subjects.releases import load_releases, release_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.coordinates import Cell
    from harness.matrix.cells import Filters
    from harness.matrix.table import Matrix
    from harness.results.findings_file import FindingsFile
    from harness.results.values import Figures

FINDINGS, MATRIX = "findings.jsonl", "support_matrix.csv"
"""Names in a folder of results; parts of one run are `findings.<part>.jsonl`."""


@dataclass(frozen=True, slots=True)
class Side:
    """The results of one release.

    Attributes:
        name: What the user called it.
        subject: Name and version of the subject; empty where only a bare matrix is there, which does not say.
        harness: Version of the harness that made the results; empty likewise.
        findings: Of the conformance run, if there is one.
        matrix: Support matrix, if there is one.
        figures: Figures behind the matrix, by cell; None without evidence.
    """

    name: str
    subject: str
    harness: str
    findings: FindingsFile | None = None
    matrix: Matrix | None = None
    figures: Mapping[Cell, Figures] | None = None

    def narrowed(self, filters: Filters) -> Side:
        """The same, with the cells alone that pass filters; findings stay.

        Raises:
            FilterError: There is a matrix, and no cell of it passes.
        """
        if self.matrix is None or not filters:
            return self
        cells = frozenset(select(tuple(self.matrix.statuses), filters))
        rows = (row for row in self.matrix.rows if row.cell in cells)
        unjudged = tuple(cell for cell in self.matrix.unjudged if cell in cells)
        figures = self.figures and {cell: figures for cell, figures in self.figures.items() if cell in cells}
        return replace(self, matrix=replace(self.matrix, rows=tuple(rows), unjudged=unjudged), figures=figures)

    def __str__(self) -> str:
        made = f"{self.subject}, harness {self.harness}" if self.subject else "of an unknown subject"
        return f"{self.name} ({made})"


def side_of(given: str, results: Path) -> Side:
    """Read one side of a comparison.

    Args:
        given: A release; or the path of a file of findings, a matrix or a folder that holds them.
        results: Folder with one folder of results for each release.

    Raises:
        ResultsError: There is nothing, it is damaged, or its parts are of different subjects.
        MatrixFileError: The matrix or its evidence is damaged.
    """
    if release := release_named(given):
        return release_side(release, results)
    path = Path(given)
    if path.is_dir():
        return folder_side(path)
    if not path.exists():
        expected = "a release such as 0.12.0, a file of findings, a support matrix, or a folder of results or a build"
        raise ResultsError(given, "no such file", expected)
    return _side(given, None, path) if path.suffix == ".csv" else _side(given, read_findings(path), None)


def release_side(release: str, results: Path) -> Side:
    """Read the results of a release.

    Raises:
        ResultsError: There are none, or they are another release's; and as `side_of`.
    """
    folder = results / release
    if not folder.is_dir():
        raise _no_results(release, folder)
    side = folder_side(folder, release)
    refuse_misnamed(folder, side.subject)
    return side


def refuse_misnamed(folder: Path, subject: str) -> None:
    """Refuse results that lie in the folder of another release.

    Raises:
        ResultsError: The version of the subject, where it is known, is not the name of the folder.
    """
    if subject and subject.rpartition(" ")[2] != folder.name:
        raise ResultsError(str(folder), f"results of {subject}", f"those of {folder.name}, after which it is named")


def holds_results(folder: Path) -> bool:
    """Whether a folder holds results, whole or not."""
    names = (FINDINGS, MATRIX, partial_path(folder / FINDINGS).name)
    return any((folder / name).exists() for name in names) or any(folder.glob("findings.*.jsonl"))


def folder_side(folder: Path, name: str = "") -> Side:
    """Read a folder of results.

    Raises:
        ResultsError: It holds none; and as `side_of`.
    """
    matrix = folder / MATRIX
    findings = folder_findings(folder)
    if findings is None and not matrix.exists():
        partial = partial_path(folder / FINDINGS)
        found = f"only {partial.name}, of a run that did not end" if partial.exists() else "no results"
        raise ResultsError(str(folder), found, f"{FINDINGS} or {MATRIX}")
    return _side(name or str(folder), findings, matrix if matrix.exists() else None)


def folder_findings(folder: Path) -> FindingsFile | None:
    """The findings in a folder of results, parts of a run put together; None if there are none.

    Raises:
        ResultsError: They are damaged, or the parts do not fit together.
    """
    parts = [path for path in (folder / FINDINGS, *sorted(folder.glob("findings.*.jsonl"))) if path.exists()]
    if len(parts) < 2:  # noqa: PLR2004 - nothing to put together
        return read_findings(parts[0]) if parts else None
    return parsed(merge(parts), str(folder))


def _side(name: str, findings: FindingsFile | None, matrix: Path | None) -> Side:
    made = [] if findings is None else [(findings.versions["subject"], findings.versions["harness"])]
    figures = None
    if matrix is not None and evidence_path(matrix).exists():
        evidence = read_evidence(evidence_path(matrix))
        figures = figures_of(evidence)
        versions = evidence.versions
        made.append((f"{versions['subject']} {versions['subject_version']}", versions["harness"]))
    subject, harness = made[0] if made else ("", "")
    if made[1:] and made[1][0] != subject:
        raise ResultsError(name, f"evidence of {made[1][0]}", f"the same subject as of the findings, {subject}")
    return Side(
        name, subject, harness, findings, None if matrix is None else read_matrix(matrix, strict=False), figures
    )


def _no_results(release: str, folder: Path) -> ResultsError:
    known = {each.version: each for each in load_releases().releases}
    if release not in known:
        todo = f"For a folder of that name: ./{release}"
        return ResultsError(str(folder), f"no release {release}", f"one of {some(list(known))}", todo)
    stub = known[release].stub if release in known else ""
    todo = f"Make them: nox -s conformance-{release}" + (f" ({stub})" if stub else "")
    return ResultsError(str(folder), f"no results of {release}", f"{FINDINGS} or {MATRIX} in it", todo)
