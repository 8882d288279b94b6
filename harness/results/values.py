"""Figures behind two support matrices, cell by cell: how much each changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.coordinates import Cell, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.matrix.evidence import Evidence

QUANTITIES = {
    "ttft_ms": "TTFT ms",
    "tpot_ms": "TPOT ms",
    "tokens_per_s_per_gpu": "tokens/s/GPU",
    "agg_memory_bytes": "memory bytes",
    "prefill_memory_bytes": "prefill memory bytes",
    "decode_memory_bytes": "decode memory bytes",
}
"""Columns of the evidence that are compared, with their titles. Memory is that of one GPU."""

_EQUAL = 1e-9
"""Relative difference up to which two figures are one: compiled code may round its last bits otherwise."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the evidence says of one feasible deployment.

    Attributes:
        values: Figure for each of `QUANTITIES` that there is; what is not a number is not there.
        deployment: Layout, replicas and batch.
        data: `own`, `mixed` or `inherited`; empty where it is not known.
    """

    values: Mapping[str, float]
    deployment: str
    data: str


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A figure that changed.

    Attributes:
        cell: Where.
        quantity: One of `QUANTITIES`.
        old, new: The figures; None where a side has none.
        same_deployment: Both are of the same layout, replicas and batch, so that they are alike.
        old_data, new_data: As in `Figures`.
    """

    cell: Cell
    quantity: str
    old: float | None
    new: float | None
    same_deployment: bool
    old_data: str
    new_data: str

    @property
    def ratio(self) -> float | None:
        """New by old; None where that is no finite number above 0."""
        if self.old is None or self.new is None or self.old == 0:
            return None
        ratio = self.new / self.old
        return ratio if math.isfinite(ratio) and ratio > 0 else None

    @property
    def size(self) -> float:
        """How large the change is, up or down alike; infinite without a ratio."""
        return math.inf if self.ratio is None else abs(math.log(self.ratio))

    @property
    def inherited(self) -> bool:
        """Whether a side rests on data of another version, so that the change may be that version's."""
        return {self.old_data, self.new_data} - {"own", ""} != set()


@dataclass(frozen=True, slots=True)
class ValuesDiff:
    """Changes of figures, the largest first.

    Attributes:
        changes: Where both sides rest on their own data.
        inherited: Where a side rests on data of another version.
        cells: How many cells have figures on both sides.
    """

    changes: tuple[ValueChange, ...]
    inherited: tuple[ValueChange, ...]
    cells: int


def figures_of(evidence: Evidence) -> dict[Cell, Figures]:
    """Figures of every cell that has a feasible deployment."""
    rows = evidence.frame.to_dict("records")
    return {
        Cell(row["model"], row["system"], row["backend"], row["version"], Mode(row["mode"])): Figures(
            {name: float(row[name]) for name in QUANTITIES if _is_number(row[name])},
            row["deployment"],
            row["data_origin"] if isinstance(row["data_origin"], str) else "",
        )
        for row in rows
        if isinstance(row["deployment"], str)
    }


def diff_values(old: Mapping[Cell, Figures], new: Mapping[Cell, Figures]) -> ValuesDiff:
    """Compare the figures of all cells that both sides have."""
    both = sorted(old.keys() & new.keys())
    changes = [change for cell in both for change in _changes(cell, old[cell], new[cell])]
    changes.sort(key=lambda change: (-change.size, change.cell, change.quantity))
    return ValuesDiff(
        tuple(change for change in changes if not change.inherited),
        tuple(change for change in changes if change.inherited),
        len(both),
    )


def _changes(cell: Cell, old: Figures, new: Figures) -> list[ValueChange]:
    same = old.deployment == new.deployment
    return [
        ValueChange(cell, name, before, after, same, old.data, new.data)
        for name in QUANTITIES
        if not _alike(before := old.values.get(name), after := new.values.get(name))
    ]


def _alike(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return math.isclose(old, new, rel_tol=_EQUAL)


def _is_number(value: object) -> bool:
    import pandas as pd  # noqa: PLC0415 - heavy

    return not pd.isna(value) and math.isfinite(value)  # type: ignore[arg-type, call-overload] # a figure or missing
