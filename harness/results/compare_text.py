"""A comparison in words: for a terminal, as Markdown, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.matrix import diff as matrix_diff
from harness.matrix.diff import cell_document, cell_table
from harness.results.values import QUANTITIES
from harness.text import markdown_text, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.checks.records import Finding
    from harness.results.compare import Comparison
    from harness.results.findings_diff import FindingRow, FindingsDiff
    from harness.results.values import ValueChange, ValuesDiff

_SHOWN = 80
_WHERE_SHOWN = 3
_FINDING_HEADERS = ("Check", "Target", "About", "Known issue", "Where", "Expected", "Actual")
_ROWS = {
    "new": "New: judged before, and not found then",
    "fixed": "Fixed: judged now, and not found",
    "changed": "Found on both sides, with other values",
    "unjudged_before": "Found now, not judged before",
    "unjudged_now": "Found before, not judged now",
}
"""Lists of a difference of findings with their titles."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How a comparison is put into words.

    Attributes:
        table: Format of tables, as tabulate names it.
        heading: A title made one of that level, 1 to 3.
        text: A word from a file made fit for a table.
        limit: Most rows of a table.
    """

    table: str
    heading: Callable[[str, int], str]
    text: Callable[[str], str]
    limit: int


def to_text(found: Comparison, limit: int = 40) -> str:
    """The comparison for a terminal, at most `limit` rows in each list and without the notes."""
    body = matrix_diff.to_text(found.statuses, limit) if found.statuses else ""
    return _render(found, _Style("simple", _underlined, plain_text, limit), body)


def to_markdown(found: Comparison, limit: int = 200) -> str:
    """The comparison for a pull request, at most `limit` rows in each list."""
    body = matrix_diff.to_markdown(found.statuses, limit) if found.statuses else ""
    style = _Style("pipe", lambda title, level: f"{'#' * level} {title}", markdown_text, limit)
    return _render(found, style, body, [f"note: {markdown_text(note)}" for note in found.notes])


def to_json_document(found: Comparison) -> dict[str, object]:
    """The comparison as `aic-harness compare --json` prints it; null where nothing was compared."""
    return {
        "old": {"name": found.old.name, "subject": found.old.subject, "harness": found.old.harness},
        "new": {"name": found.new.name, "subject": found.new.subject, "harness": found.new.harness},
        "regressions": found.regressions,
        "notes": list(found.notes),
        "statuses": matrix_diff.to_json_document(found.statuses) if found.statuses else None,
        "findings": _findings_document(found.findings) if found.findings else None,
        "values": _values_document(found.values) if found.values else None,
    }


def _underlined(title: str, level: int) -> str:
    return f"{title}\n{'=-.'[level - 1] * len(title)}"


def _render(found: Comparison, style: _Style, statuses: str, notes: Sequence[str] = ()) -> str:
    title = f"{found.old} against {found.new}"
    parts = [style.heading(style.text(title), 1), *notes, _summary(found)]
    if statuses:
        parts += [style.heading("Statuses", 2), statuses.rstrip("\n")]
    if found.findings:
        parts += [style.heading("Findings", 2), *_findings(found.findings, style)]
    if found.values:
        parts += [style.heading("Values", 2), *_values(found.values, style)]
    return "\n\n".join(parts) + "\n"


def _summary(found: Comparison) -> str:
    said = []
    if found.statuses:
        worse, better = (len(found.statuses.changes(direction)) for direction in ("worse", "better"))
        said.append(f"statuses: {worse} worse, {better} better")
    if found.findings:
        said.append(f"findings: {len(found.findings.new)} new, {len(found.findings.fixed)} fixed")
    if found.values:
        changes = len(found.values.changes) + len(found.values.inherited)
        said.append(f"values: {changes} changed in {found.values.cells} cells that have them on both sides")
    return f"{found.regressions} regressions. {'; '.join(said)}."


def _findings(found: FindingsDiff, style: _Style) -> list[str]:
    counts = ", ".join(f"{len(getattr(found, name))} {name.replace('_', ' ')}" for name in _ROWS)
    parts = [f"{counts}, {found.kept} the same on both sides."]
    for name, models in (("Models on the old side only", found.only_old), ("on the new side only", found.only_new)):
        parts += [f"{name}: {', '.join(style.text(model) for model in models)}"] if models else []
    for name, title in _ROWS.items():
        rows: Sequence[FindingRow] = getattr(found, name)
        if rows:
            parts += [style.heading(f"{title} ({len(rows)})", 3), _finding_table(rows, style)]
    return parts


def _finding_table(rows: Sequence[FindingRow], style: _Style) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - only needed by commands that print tables

    body = [[style.text(_short(value)) for value in _finding_cells(row)] for row in rows[: style.limit]]
    table = tabulate(body, _FINDING_HEADERS, tablefmt=style.table, disable_numparse=True)
    hidden = len(rows) - len(body)
    return f"{table}\n\n… and {hidden} more; the JSON output has them all." if hidden else table


def _finding_cells(row: FindingRow) -> tuple[str, ...]:
    where = ", ".join(row.where[:_WHERE_SHOWN])
    if len(row.where) > _WHERE_SHOWN:
        where += f" and {len(row.where) - _WHERE_SHOWN} more"
    actual = row.finding.actual if row.before is None else f"{row.before.actual} → {row.finding.actual}"
    known = row.finding.known_issue or ""
    return row.check, row.target, row.about, known, where, row.finding.expected, actual


def _values(found: ValuesDiff, style: _Style) -> list[str]:
    if not (found.changes or found.inherited):
        return [f"No figure changed in {found.cells} cells."]
    parts = []
    if found.changes:
        parts += [style.heading(f"Changed, on each side's own data ({len(found.changes)})", 3)]
        parts += [_value_table(found.changes, style)]
    if found.inherited:
        parts += [style.heading(f"Changed, with data of another version ({len(found.inherited)})", 3)]
        parts += [_value_table(found.inherited, style)]
    return parts


def _value_table(changes: Sequence[ValueChange], style: _Style) -> str:
    headers = ("Figure", "Old", "New", "Ratio", "Deployment", "Data")
    rows = [
        (
            change.cell,
            (
                QUANTITIES[change.quantity],
                _figure(change.old),
                _figure(change.new),
                _ratio(change),
                "same" if change.same_deployment else "other",
                _data(change),
            ),
        )
        for change in changes
    ]
    return cell_table(rows, headers, style=style.table, text=style.text, limit=style.limit)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _ratio(change: ValueChange) -> str:
    return "none" if change.ratio is None else f"x{change.ratio:.5g}"


def _data(change: ValueChange) -> str:
    old, new = change.old_data or "unknown", change.new_data or "unknown"
    return old if old == new else f"{old} → {new}"


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"


def _findings_document(found: FindingsDiff) -> dict[str, object]:
    lists = {name: [_row_document(row) for row in getattr(found, name)] for name in _ROWS}
    return lists | {"kept": found.kept, "only_old": list(found.only_old), "only_new": list(found.only_new)}


def _row_document(row: FindingRow) -> dict[str, object]:
    document: dict[str, object] = {
        "check": row.check,
        "model": row.target,
        "about": row.about,
        "where": list(row.where),
        "known_issue": row.finding.known_issue,
        "outcome": row.finding.outcome.value,
        "expected": row.finding.expected,
        "actual": row.finding.actual,
        "arithmetic": row.finding.arithmetic,
        "reproduce": row.finding.reproduce,
    }
    return document | {"before": _before(row.before)} if row.before else document


def _before(finding: Finding) -> dict[str, str]:
    return {"outcome": finding.outcome.value, "expected": finding.expected, "actual": finding.actual}


def _values_document(found: ValuesDiff) -> dict[str, object]:
    return {
        "cells": found.cells,
        "changed": [_change_document(change) for change in found.changes],
        "inherited": [_change_document(change) for change in found.inherited],
    }


def _change_document(change: ValueChange) -> dict[str, object]:
    return {
        "cell": cell_document(change.cell),
        "quantity": change.quantity,
        "from": change.old,
        "to": change.new,
        "ratio": change.ratio,
        "same_deployment": change.same_deployment,
        "data": {"from": change.old_data, "to": change.new_data},
    }
