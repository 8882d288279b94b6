"""What changed between the results of two releases: statuses, findings, values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import ResultsError
from harness.matrix.diff import MatrixDiff, diff_matrices
from harness.results.findings_diff import FindingsDiff, diff_findings
from harness.results.values import ValuesDiff, diff_values

if TYPE_CHECKING:
    from harness.results.sides import Side


@dataclass(frozen=True, slots=True)
class Comparison:
    """Difference of two sides.

    Attributes:
        old, new: The sides.
        statuses, values, findings: What differs; None where one side has nothing to compare.
        notes: What the reader must know before believing a difference.
    """

    old: Side
    new: Side
    statuses: MatrixDiff | None
    values: ValuesDiff | None
    findings: FindingsDiff | None
    notes: tuple[str, ...]

    @property
    def regressions(self) -> int:
        """Statuses that got worse and findings that are new."""
        worse = len(self.statuses.changes("worse")) if self.statuses else 0
        return worse + (len(self.findings.new) if self.findings else 0)


def compare(old: Side, new: Side) -> Comparison:
    """Compare two sides in all that both have.

    Raises:
        ResultsError: They have nothing in common, or read different configs of one model.
    """
    statuses = diff_matrices(old.matrix, new.matrix) if old.matrix and new.matrix else None
    values = diff_values(old.figures, new.figures) if old.figures is not None and new.figures is not None else None
    findings = None
    if old.findings and new.findings:
        findings = diff_findings(old.findings, new.findings, (old.name, new.name))
    if statuses is None and findings is None:
        has = "findings alone" if new.findings else "a support matrix alone"
        raise ResultsError(new.name, has, f"what {old.name} has, which is the other")
    return Comparison(old, new, statuses, values, findings, tuple(_notes(old, new)))


def _notes(old: Side, new: Side) -> list[str]:
    notes = []
    if old.harness and new.harness and old.harness != new.harness:
        said = f"{old.name} was made with harness {old.harness} and {new.name} with {new.harness}"
        notes.append(f"{said}: a difference may be the harness's own")
    kinds = {
        "findings": (old.findings, new.findings),
        "statuses": (old.matrix, new.matrix),
        "values": (old.figures, new.figures),
    }
    for kind, (before, after) in kinds.items():
        if (before is None) != (after is None):
            notes.append(f"{kind} were not compared: {(old if before is None else new).name} has none")
    if old.findings and new.findings:
        checks = set(old.findings.checks), set(new.findings.checks)
        for side, missing in ((old, checks[1] - checks[0]), (new, checks[0] - checks[1])):
            if missing:
                notes.append(f"{side.name} was not asked: {', '.join(sorted(missing))}")
    return notes
