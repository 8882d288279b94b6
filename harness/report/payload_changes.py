"""What changed since another run, as the page's document has it; see `harness/report/payload.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.matrix.diff import StatusCount
    from harness.report.payload_columns import Numbers, Words
    from harness.results.model_records import Codes


@dataclass(frozen=True, slots=True)
class StatusChanges:
    """Statuses that changed: a table, worse ones first.

    Attributes:
        counts: Cells by status on both sides.
        cell: Row of the matrix; -1 for a cell that only the old side has.
        name: The cell in words where the matrix has it not; else empty.
        old, new: Statuses; empty where the side has not got the cell.
        direction: `worse`, `better`, `other`, `added`, `removed`.
        sources: How many cells kept their status and changed the provenance of their data.
    """

    counts: tuple[StatusCount, ...]
    cell: Codes
    name: Words
    old: Words
    new: Words
    direction: Words
    sources: int


@dataclass(frozen=True, slots=True)
class ValueChanges:
    """Figures that changed: a table, largest ratio first, those on a side's own data before the others.

    Attributes:
        cells: How many cells have figures on both sides.
        total: How many figures changed; more than the table has rows where it was cut.
        cell: Row of the matrix.
        quantity: Such as `TTFT ms`, `tokens/s/GPU`.
        old, new: Figures; null where a side has none.
        ratio: New by old; null where that is no number above 0.
        same: 1 if both are of the same layout, replicas and batch, else 0.
        data: Whose data both sides rest on, such as `own` or `own → inherited`.
        inherited: 1 where a side rests on another version's data, else 0.
    """

    cells: int
    total: int
    cell: Codes
    quantity: Words
    old: Numbers
    new: Numbers
    ratio: Numbers
    same: Codes
    data: Words
    inherited: Codes


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """Findings that changed: a table.

    Attributes:
        kept: How many are the same on both sides.
        only_old, only_new: Models that one side alone was asked about.
        list: `new`, `fixed`, `changed`, `unjudged_before`, `unjudged_now`.
        check: Id of the check.
        target: Model, system or `release`.
        model: Places in `Payload.models`; -1 for none.
        about: What it is about.
        where: System and backend of each estimate that it was found on, with commas; empty for what needs none.
        issue: Id of the known issue; empty for none.
        expected, actual: On the new side; on the old one for what only that has.
        before: What was actual on the old side, where both have it.
        arithmetic, reproduce: As in `Findings`.
    """

    kept: int
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    list: Words
    check: Words
    target: Words
    model: Codes
    about: Words
    where: Words
    issue: Words
    expected: Words
    actual: Words
    before: Words
    arithmetic: Words
    reproduce: Words


@dataclass(frozen=True, slots=True)
class SideInfo:
    """One side of a comparison: what the user called it, subject and harness; empty where it does not say."""

    name: str
    subject: str
    harness: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since another run; null where one side has nothing to compare.

    Attributes:
        notes: What the reader must know before believing a difference.
        regressions: Statuses that got worse and findings that are new.
    """

    old: SideInfo
    new: SideInfo
    notes: tuple[str, ...]
    regressions: int
    statuses: StatusChanges | None
    values: ValueChanges | None
    findings: FindingChanges | None
