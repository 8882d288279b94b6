"""A comparison with another run, as the page has it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.report.columns import number, words
from harness.report.payload_changes import Changes, FindingChanges, SideInfo, StatusChanges, ValueChanges
from harness.results.values import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.coordinates import Cell
    from harness.matrix.diff import MatrixDiff
    from harness.report.names import Names
    from harness.results.compare import Comparison
    from harness.results.findings_diff import FindingRow, FindingsDiff
    from harness.results.sides import Side
    from harness.results.values import ValuesDiff

_MOST_VALUES = 5000
"""Changed figures that the page holds; the largest come first."""
_LISTS = ("new", "fixed", "changed", "unjudged_before", "unjudged_now")
_DIRECTIONS = ("worse", "better", "other", "removed", "added")


def changes(found: Comparison, rows: Mapping[Cell, int], names: Names) -> Changes:
    """The page's part about what changed.

    Args:
        found: The comparison.
        rows: Row of each cell in the matrix of the page.
        names: Lists that rows point into.
    """
    return Changes(
        old=_side(found.old),
        new=_side(found.new),
        notes=found.notes,
        regressions=found.regressions,
        statuses=_statuses(found.statuses, rows) if found.statuses else None,
        values=_values(found.values, rows) if found.values else None,
        findings=_findings(found.findings, names) if found.findings else None,
    )


def _side(side: Side) -> SideInfo:
    return SideInfo(side.name, side.subject, side.harness)


def _statuses(diff: MatrixDiff, rows: Mapping[Cell, int]) -> StatusChanges:
    found: list[tuple[str, Cell, str, str]] = [(each.direction, each.cell, each.old, each.new) for each in diff.changed]
    found += [("removed", each.cell, each.status, "") for each in diff.removed]
    found += [("added", each.cell, "", each.status) for each in diff.added]
    found.sort(key=lambda each: (_DIRECTIONS.index(each[0]), each[1]))
    return StatusChanges(
        counts=diff.counts,
        cell=tuple(rows.get(cell, -1) for _, cell, _, _ in found),
        name=words("" if cell in rows else str(cell) for _, cell, _, _ in found),
        old=words(old for _, _, old, _ in found),
        new=words(new for _, _, _, new in found),
        direction=words((direction for direction, _, _, _ in found), _DIRECTIONS),
        sources=len(diff.sources),
    )


def _values(diff: ValuesDiff, rows: Mapping[Cell, int]) -> ValueChanges:
    found = [*diff.changes, *diff.inherited]
    shown = found[:_MOST_VALUES]
    return ValueChanges(
        cells=diff.cells,
        total=len(found),
        cell=tuple(rows.get(each.cell, -1) for each in shown),
        quantity=words((QUANTITIES[each.quantity] for each in shown), QUANTITIES.values()),
        old=tuple(number(each.old) for each in shown),
        new=tuple(number(each.new) for each in shown),
        ratio=tuple(number(each.ratio if each.ratio is not None else math.nan) for each in shown),
        same=tuple(int(each.same_deployment) for each in shown),
        data=words(_data(each.old_data, each.new_data) for each in shown),
        inherited=tuple(int(each.inherited) for each in shown),
    )


def _data(old: str, new: str) -> str:
    before, after = old or "unknown", new or "unknown"
    return before if before == after else f"{before} → {after}"


def _findings(diff: FindingsDiff, names: Names) -> FindingChanges:
    found: list[tuple[str, FindingRow]] = [(name, row) for name in _LISTS for row in getattr(diff, name)]
    rows = [row for _, row in found]
    return FindingChanges(
        kept=diff.kept,
        only_old=diff.only_old,
        only_new=diff.only_new,
        list=words((name for name, _ in found), _LISTS),
        check=words(row.check for row in rows),
        target=words(row.target for row in rows),
        model=tuple(names.model.get(row.target, -1) for row in rows),
        about=words(row.about for row in rows),
        where=words(", ".join(row.where) for row in rows),
        issue=words(row.finding.known_issue or "" for row in rows),
        expected=words(row.finding.expected for row in rows),
        actual=words(row.finding.actual for row in rows),
        before=words(row.before.actual if row.before else "" for row in rows),
        arithmetic=words(row.finding.arithmetic for row in rows),
        reproduce=words(row.finding.reproduce for row in rows),
    )
