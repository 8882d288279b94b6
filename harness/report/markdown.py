"""The report in short, as Markdown: for the summary of a CI job or a comment on a pull request.

GitHub takes 65,536 characters in a comment and 1 MiB in a summary; what is longer is cut row by row, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.coordinates import Status
from harness.report.columns import texts
from harness.results.plausibility import Plausibility
from harness.text import markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.report.payload import Findings, Matrix, Payload
    from harness.report.payload_changes import Changes
    from harness.report.summary import Summary

LIMIT = 65_536
"""Bytes, so that it holds however characters are counted."""

_ROWS = (50, 20, 10, 5, 1, 0)
"""Rows of each list, from the most that is worth reading to none; the first that fits is taken."""
_SHOWN = 100
_TAIL = "\n\nCut here: the rest is longer than GitHub takes. The page has everything.\n"


def to_markdown(payload: Payload, summary: Summary, limit: int = LIMIT) -> str:
    """The report.

    Args:
        payload: The document of the page.
        summary: The same in numbers.
        limit: Most bytes.
    """
    text = ""
    for rows in _ROWS:
        text = "\n\n".join(_parts(payload, summary, rows)) + "\n"
        if len(text.encode()) <= limit:
            return text
    room = max(limit - len(_TAIL.encode()), 0)
    return (text.encode()[:room].decode(errors="ignore") + _TAIL)[:limit]


def _parts(payload: Payload, summary: Summary, rows: int) -> Iterator[str]:
    yield f"# {_text(payload.subject or 'Support matrix')}: {_headline(summary)}"
    yield from (f"> {_text(note)}" for note in payload.run.notes)
    if payload.changes:
        yield from _changes(payload.changes, payload, rows)
    if payload.matrix:
        yield from _matrix(payload.matrix, summary)
        yield from _implausible(payload, payload.matrix, rows)
    if payload.findings:
        yield from _findings(payload.findings, payload, rows)
    yield f"Written by aic-harness {_text(payload.harness)}, {payload.written}."


def _headline(summary: Summary) -> str:
    if summary.fine:
        nothing = "nothing unexpected"
        return f"{nothing}, nothing got worse" if summary.regressions is not None else nothing
    said = [f"{summary.regressions} regressions"] if summary.regressions else []
    said += [f"{summary.new_findings} findings that are not known"] if summary.new_findings else []
    return ", ".join(said)


def _matrix(matrix: Matrix, summary: Summary) -> Iterator[str]:
    yield "## Support matrix"
    modes = sorted(set(matrix.mode.values))
    pairs = list(zip(texts(matrix.status), texts(matrix.mode), strict=True))
    listed = [status for status in (*Status, "") if summary.statuses.get(status)]
    body = [
        (status or "not judged", *(str(pairs.count((status, mode))) for mode in modes), str(summary.statuses[status]))
        for status in listed
    ]
    yield _table(("status", *modes, "all"), body, len(body))
    yield f"{summary.cells} cells, {summary.estimates} with figures; {summary.implausible} of them are implausible."


def _implausible(payload: Payload, matrix: Matrix, rows: int) -> Iterator[str]:
    estimates = matrix.estimates
    found = [
        (
            _cell(payload, matrix, estimates.cell[row]),
            doubt,
            _figure(estimates.ttft_ms[row]),
            _figure(estimates.tpot_ms[row]),
        )
        for row, (verdict, doubt) in enumerate(zip(texts(estimates.plausibility), texts(estimates.doubt), strict=True))
        if verdict == Plausibility.IMPLAUSIBLE
    ]
    if found:
        yield f"### Implausible estimates ({len(found)})"
        yield _table(("cell", "doubt", "TTFT ms", "TPOT ms"), found, rows)


def _findings(findings: Findings, payload: Payload, rows: int) -> Iterator[str]:
    tally = findings.tally
    yield "## Findings"
    yield (
        f"{tally.passed} checks pass, {tally.known} fail as is known, {tally.failed + tally.errors} are not known, "
        f"{tally.skipped} cannot be judged."
    )
    new = [
        row
        for row, (issue, outcome) in enumerate(zip(findings.issue, texts(findings.outcome), strict=True))
        if issue < 0 and outcome != "skip"
    ]
    if new:
        yield f"### Not known ({len(new)})"
        yield _table(
            ("check", "target", "about", "expected", "actual"), [_finding(findings, payload, row) for row in new], rows
        )
    issues = [
        (issue.id, issue.kind or "unlisted", issue.check, str(issue.targets), str(issue.findings))
        for issue in findings.issues
    ]
    if issues:
        yield f"### Known issues ({len(issues)})"
        yield _table(("issue", "kind", "check", "targets", "findings"), issues, rows)


def _finding(findings: Findings, payload: Payload, row: int) -> tuple[str, ...]:
    model, database = findings.model[row], findings.database[row]
    system = findings.system.values[findings.system.codes[row]]
    target = payload.models[model].id if model >= 0 else system or "release"
    if database >= 0:
        where = payload.databases[database]
        target += f" {where.system}/{where.backend}/{where.version}"
    said = (column.values[column.codes[row]] for column in (findings.about, findings.expected, findings.actual))
    return (findings.checks[findings.check[row]].id, target, *said)


def _changes(found: Changes, payload: Payload, rows: int) -> Iterator[str]:
    old = f"{found.old.name} ({found.old.subject or 'of an unknown subject'})"
    yield f"## Changes since {_text(old)}"
    yield from (f"> {_text(note)}" for note in found.notes)
    if found.statuses:
        directions = texts(found.statuses.direction)
        counts = [f"{directions.count(name)} {name}" for name in found.statuses.direction.values]
        yield f"Statuses: {', '.join(counts)}."
        yield from _worse(found, payload, rows)
    if found.findings:
        lists = texts(found.findings.list)
        counts = [f"{lists.count(name)} {name.replace('_', ' ')}" for name in found.findings.list.values]
        yield f"Findings: {', '.join(counts)}, {found.findings.kept} the same on both sides."
        columns = [texts(each) for each in (found.findings.check, found.findings.target, found.findings.about)]
        columns += [texts(each) for each in (found.findings.expected, found.findings.actual)]
        new = [row for row, name in zip(zip(*columns, strict=True), lists, strict=True) if name == "new"]
        if new:
            yield f"### New findings ({len(new)})"
            yield _table(("check", "target", "about", "expected", "actual"), new, rows)
    if found.values:
        yield f"Figures: {found.values.total} changed in {found.values.cells} cells that have them on both sides."


def _worse(found: Changes, payload: Payload, rows: int) -> Iterator[str]:
    if not found.statuses or not payload.matrix:
        return
    statuses = found.statuses
    columns = (statuses.cell, texts(statuses.old), texts(statuses.new), texts(statuses.direction))
    worse = [
        (_cell(payload, payload.matrix, cell), old, new)
        for cell, old, new, direction in zip(*columns, strict=True)
        if direction == "worse"
    ]
    if worse:
        yield f"### Worse ({len(worse)})"
        yield _table(("cell", "was", "is"), worse, rows)


def _cell(payload: Payload, matrix: Matrix, row: int) -> str:
    where = payload.databases[matrix.database[row]]
    model, mode = payload.models[matrix.model[row]].id, matrix.mode.values[matrix.mode.codes[row]]
    return f"{model} on {where.system}/{where.backend}/{where.version} {mode}"


def _table(headers: Sequence[str], body: Sequence[Iterable[str]], rows: int) -> str:
    if not rows:
        return f"{len(body)} rows left out; the page has them all."
    lines = [headers, ["---"] * len(headers), *([_text(value) for value in row] for row in body[:rows])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    hidden = len(body) - rows
    return f"{table}\n\n… and {hidden} more; the page has them all." if hidden > 0 else table


def _text(value: str) -> str:
    return markdown_text(value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
