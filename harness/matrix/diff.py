"""What changed between two support matrices, as records, text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.coordinates import Status
from harness.text import markdown_text, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.coordinates import Cell
    from harness.matrix.table import Matrix

Direction = Literal["worse", "better", "other"]

_CELL_HEADERS = ("Model", "System", "Backend", "Version", "Mode")
_BLANK = "(blank)"


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """A cell that only one of the two matrices has; its status is empty where the file leaves it out."""

    cell: Cell
    status: str


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A cell whose status changed; a status is empty where the file leaves it out."""

    cell: Cell
    old: str
    new: str

    @property
    def direction(self) -> Direction:
        """Whether support was lost or won; `other` when a cell only got another kind of unsupported."""
        if not self.old or not self.new:
            return "other"
        old, new = Status(self.old).rank, Status(self.new).rank
        if old == new:
            return "other"
        return "worse" if new > old else "better"


@dataclass(frozen=True, slots=True, order=True)
class SourceChange:
    """A cell that kept its status and whose data provenance changed."""

    cell: Cell
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many cells have a status in the old and in the new matrix."""

    status: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class MatrixDiff:
    """Difference of two matrices; every tuple is sorted by cell.

    Attributes:
        added, removed: Cells that only the new or only the old matrix has.
        changed: Cells of both whose status differs.
        sources: Cells of both with equal status whose `Source` differs; not a change of support.
        counts: Cells by status, in upstream's order of statuses.
    """

    added: tuple[Answer, ...]
    removed: tuple[Answer, ...]
    changed: tuple[Change, ...]
    sources: tuple[SourceChange, ...]
    counts: tuple[StatusCount, ...]

    @property
    def has_changes(self) -> bool:
        """Whether a cell came, went or changed its status."""
        return bool(self.added or self.removed or self.changed)

    def changes(self, direction: Direction) -> tuple[Change, ...]:
        """The changes of one direction."""
        return tuple(each for each in self.changed if each.direction == direction)


def diff_matrices(old: Matrix, new: Matrix) -> MatrixDiff:
    """Compare two matrices cell by cell."""
    before, after = _statuses(old), _statuses(new)
    both = sorted(before.keys() & after.keys())
    old_sources, new_sources = _sources(old), _sources(new)
    return MatrixDiff(
        added=tuple(Answer(cell, after[cell]) for cell in sorted(after.keys() - before.keys())),
        removed=tuple(Answer(cell, before[cell]) for cell in sorted(before.keys() - after.keys())),
        changed=tuple(Change(cell, before[cell], after[cell]) for cell in both if before[cell] != after[cell]),
        sources=tuple(
            SourceChange(cell, old_sources[cell], new_sources[cell])
            for cell in both
            if before[cell] == after[cell] and old_sources.get(cell) != new_sources.get(cell)
        ),
        counts=_counts(before.values(), after.values()),
    )


def to_text(diff: MatrixDiff, limit: int = 40) -> str:
    """The difference for a terminal, at most `limit` rows in each list."""
    return _render(diff, "simple", lambda title: f"{title}\n{'=' * len(title)}", plain_text, limit)


def to_markdown(diff: MatrixDiff, limit: int = 200) -> str:
    """The difference for a pull request, at most `limit` rows in each list."""
    return _render(diff, "pipe", lambda title: f"### {title}", markdown_text, limit)


def to_json_document(diff: MatrixDiff) -> dict[str, object]:
    """The difference as `aic-harness matrix diff --json` prints it."""
    return {
        "added": [cell_document(each.cell) for each in diff.added],
        "removed": [cell_document(each.cell) for each in diff.removed],
        "changed": [_change_document(each) for each in diff.changed],
        "sources": [_change_document(each) for each in diff.sources],
        "counts": {each.status: {"from": each.old, "to": each.new} for each in diff.counts},
    }


def cell_document(cell: Cell) -> dict[str, str]:
    """A cell as every JSON document of the matrix has it."""
    return {
        "model": cell.model,
        "system": cell.system,
        "backend": cell.backend,
        "version": cell.version,
        "mode": cell.mode.value,
    }


def cell_table(
    rows: Sequence[tuple[Cell, tuple[str, ...]]],
    headers: tuple[str, ...],
    *,
    style: str,
    text: Callable[[str], str],
    limit: int,
) -> str:
    """A table with the coordinates of a cell first, and a note in place of the rows above the limit."""
    from tabulate import tabulate  # noqa: PLC0415 - only needed by commands that print tables

    body = [
        [text(value) for value in (cell.model, cell.system, cell.backend, cell.version, cell.mode, *values)]
        for cell, values in rows[:limit]
    ]
    # Without this, tabulate takes the version 1.10 for a number and prints 1.1.
    table = tabulate(body, (*_CELL_HEADERS, *headers), tablefmt=style, disable_numparse=True)
    hidden = len(rows) - len(body)
    return f"{table}\n\n… and {hidden} more; the JSON output has them all." if hidden else table


def _statuses(matrix: Matrix) -> dict[Cell, str]:
    return {cell: status.value if status else "" for cell, status in matrix.statuses.items()}


def _sources(matrix: Matrix) -> dict[Cell, str]:
    return {row.cell: row.source for row in matrix.rows}


def _counts(old: Iterable[str], new: Iterable[str]) -> tuple[StatusCount, ...]:
    before, after = Counter(old), Counter(new)
    counts = [StatusCount(status.value, before[status.value], after[status.value]) for status in Status]
    blank = StatusCount(_BLANK, before[""], after[""])
    return (*counts, blank) if blank.old or blank.new else tuple(counts)


def _render(diff: MatrixDiff, style: str, heading: Callable[[str], str], text: Callable[[str], str], limit: int) -> str:
    parts = [_summary(diff), _count_table(diff, style)]

    def section(title: str, headers: tuple[str, ...], rows: Sequence[tuple[Cell, tuple[str, ...]]]) -> None:
        if rows:
            parts.append(heading(f"{title} ({len(rows)})"))
            parts.append(cell_table(rows, headers, style=style, text=text, limit=limit))

    titles: dict[Direction, str] = {"worse": "Worse", "better": "Better", "other": "Neither worse nor better"}
    for direction, title in titles.items():
        rows = [(each.cell, (each.old or _BLANK, each.new or _BLANK)) for each in diff.changes(direction)]
        section(title, ("From", "To"), rows)
    section("Removed", ("Status",), [(each.cell, (each.status or _BLANK,)) for each in diff.removed])
    section("Added", ("Status",), [(each.cell, (each.status or _BLANK,)) for each in diff.added])
    section("Same status, other source", ("From", "To"), [(each.cell, (each.old, each.new)) for each in diff.sources])
    return "\n\n".join(parts) + "\n"


def _summary(diff: MatrixDiff) -> str:
    if not diff.has_changes:
        return f"No changes in {sum(each.new for each in diff.counts)} cells."
    worse, better, other = (len(diff.changes(direction)) for direction in ("worse", "better", "other"))
    changed = f"{len(diff.changed)} changed ({worse} worse, {better} better, {other} other)"
    return f"{changed}, {len(diff.removed)} removed, {len(diff.added)} added."


def _count_table(diff: MatrixDiff, style: str) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - only needed by commands that print tables

    total = StatusCount("all", sum(each.old for each in diff.counts), sum(each.new for each in diff.counts))
    rows = [(each.status, str(each.old), str(each.new), f"{each.new - each.old:+d}") for each in (*diff.counts, total)]
    align = ("left", "right", "right", "right")
    return tabulate(rows, ("Status", "Old", "New", "Change"), tablefmt=style, disable_numparse=True, colalign=align)


def _change_document(change: Change | SourceChange) -> dict[str, object]:
    return {"cell": cell_document(change.cell), "from": change.old, "to": change.new}
