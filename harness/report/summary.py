"""What a report says in a few numbers: for `--json`, and for the head of the Markdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from harness.report.columns import texts
from harness.results.plausibility import Plausibility

if TYPE_CHECKING:
    from harness.report.payload import Payload


@dataclass(frozen=True, slots=True)
class Summary:
    """A report in numbers.

    Attributes:
        subject, harness: Names and versions.
        cells: Cells of the matrix.
        statuses: How many of each status.
        estimates: Feasible cells with figures.
        implausible: Of them, those that physics does not allow.
        pairs: Checks on targets by what came out.
        new_findings: Findings that no known issue covers.
        known_issues: Known issues that were found.
        regressions: Statuses that got worse and findings that are new since the other run; None without one.
        crashes: Cells over which a process came to its end.
        models: Models that are described.
    """

    subject: str
    harness: str
    cells: int
    statuses: dict[str, int]
    estimates: int
    implausible: int
    pairs: dict[str, int]
    new_findings: int
    known_issues: int
    regressions: int | None
    crashes: int
    models: int

    @property
    def fine(self) -> bool:
        """Whether nothing in it is unexpected."""
        return not (self.new_findings or self.regressions)


def summary_of(payload: Payload) -> Summary:
    """The report in numbers."""
    matrix, findings = payload.matrix, payload.findings
    judged = Counter(texts(matrix.estimates.plausibility) if matrix else ())
    shown = zip(findings.issue, texts(findings.outcome), strict=True) if findings else ()
    return Summary(
        subject=payload.subject,
        harness=payload.harness,
        cells=len(matrix.model) if matrix else 0,
        statuses=dict(Counter(texts(matrix.status) if matrix else ()).most_common()),
        estimates=judged.total(),
        implausible=judged[Plausibility.IMPLAUSIBLE],
        pairs=asdict(findings.tally) if findings else {},
        new_findings=sum(issue < 0 and outcome != "skip" for issue, outcome in shown),
        known_issues=len(findings.issues) if findings else 0,
        regressions=payload.changes.regressions if payload.changes else None,
        crashes=len(payload.run.crashes),
        models=sum(model.description is not None for model in payload.models),
    )
