"""The support matrix and the estimates behind it, as tables of the page."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from harness.coordinates import Cell, Mode, Status
from harness.report.columns import gib, number, places, templates, whole, words
from harness.report.payload import Estimates, Matrix, Workers
from harness.results.plausibility import Figures, Judge, Pool, limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.matrix.evidence import Evidence
    from harness.matrix.table import Matrix as Read
    from harness.matrix.table import Row
    from harness.report.names import Names

Record = dict[str, Any]
"""A row of the evidence."""

_ROLES = ("agg", "prefill", "decode")
_LENGTHS = ("isl", "osl", "prefix")


def records_of(evidence: Evidence | None) -> dict[Cell, Record]:
    """Rows of the evidence by cell."""
    rows: list[Record] = [] if evidence is None else evidence.frame.to_dict("records")  # type: ignore[assignment] # names of columns are texts
    return {Cell(row["model"], row["system"], row["backend"], row["version"], Mode(row["mode"])): row for row in rows}


def ordered(matrix: Read, names: Names) -> tuple[Cell, ...]:
    """The cells in the order of the table's rows."""
    return tuple(
        sorted(matrix.statuses, key=lambda cell: (names.model[cell.model], names.database[cell.database], cell.mode))
    )


def matrix_table(matrix: Read, records: Mapping[Cell, Record], names: Names, judge: Judge) -> Matrix:
    """The matrix with the figures behind it.

    Args:
        matrix: The statuses.
        records: The evidence, as far as there is one.
        names: Lists that rows point into.
        judge: Says what figures are worth.
    """
    cells = ordered(matrix, names)
    rows: Mapping[Cell, Row] = {row.cell: row for row in matrix.rows}
    read = [(cell, rows.get(cell), records.get(cell, {})) for cell in cells]
    feasible = [place for place, (_, _, record) in enumerate(read) if isinstance(record.get("deployment"), str)]
    by_row = places(feasible)
    first = (*Status, "") if matrix.unjudged else tuple(Status)
    return Matrix(
        model=tuple(names.model[cell.model] for cell in cells),
        database=tuple(names.database[cell.database] for cell in cells),
        mode=words(cell.mode for cell in cells),
        status=words((row.status if row else "" for _, row, _ in read), first),
        source=words(row.source if row else "" for _, row, _ in read),
        error=words(row.error if row else "" for _, row, _ in read),
        command=templates((row.command if row else "", coordinates(cell)) for cell, row, _ in read),
        reproduce=templates((reproduce(cell), coordinates(cell)) for cell in cells),
        data=words(_text(record, "data_origin") for _, _, record in read),
        inherited=words(_text(record, "inherited") for _, _, record in read),
        seconds=tuple(number(record.get("seconds"), 3) for _, _, record in read),
        tries=tuple(whole(record.get("points_tried")) for _, _, record in read),
        estimate=tuple(by_row.get(place, -1) for place in range(len(cells))),
        estimates=_estimates([(place, cells[place], read[place][2]) for place in feasible], judge),
    )


def coordinates(cell: Cell) -> tuple[str, ...]:
    """What the numbers of a template stand for."""
    return cell.model, cell.system, cell.backend, cell.version, cell.mode.value


def reproduce(cell: Cell) -> str:
    """The command that judges a cell alone."""
    options = zip(("model", "system", "backend", "version", "mode"), coordinates(cell), strict=True)
    return "aic-harness matrix run " + " ".join(f"--{name} {shlex.quote(value)}" for name, value in options)


def _estimates(feasible: Sequence[tuple[int, Cell, Record]], judge: Judge) -> Estimates:
    requests = [_lengths(record) for _, _, record in feasible]
    judged = [
        judge.judge(_figures(cell, record, request))
        for (_, cell, record), request in zip(feasible, requests, strict=True)
    ]
    figures = [record for _, _, record in feasible]
    return Estimates(
        cell=tuple(place for place, _, _ in feasible),
        gpus=tuple(whole(record["gpus"]) for record in figures),
        ttft_ms=tuple(number(record["ttft_ms"]) for record in figures),
        tpot_ms=tuple(number(record["tpot_ms"]) for record in figures),
        rate=tuple(number(record["tokens_per_s_per_gpu"]) for record in figures),
        isl=tuple(request.get("isl") for request in requests),
        osl=tuple(request.get("osl") for request in requests),
        prefix=tuple(request.get("prefix") for request in requests),
        ttft_bound_ms=tuple(number(each.ttft.total, 4) if each.ttft else None for each in judged),
        tpot_bound_ms=tuple(number(each.tpot.total, 4) if each.tpot else None for each in judged),
        ttft_limit=words(limit(each.ttft) if each.ttft else "" for each in judged),
        tpot_limit=words(limit(each.tpot) if each.tpot else "" for each in judged),
        plausibility=words(each.plausibility for each in judged),
        doubt=words(each.doubt for each in judged),
        workers=_workers(figures),
    )


def _workers(figures: Sequence[Record]) -> Workers:
    rows = [(place, pool) for place, record in enumerate(figures) for pool in _pools(record)]
    replicas = [figures[place][f"{pool.role}_replicas"] for place, pool in rows]
    return Workers(
        estimate=tuple(place for place, _ in rows),
        role=words(pool.role for _, pool in rows),
        layout=words(pool.layout for _, pool in rows),
        replicas=tuple(map(whole, replicas)),
        batch=tuple(pool.batch for _, pool in rows),
        memory_gib=tuple(gib(pool.memory_bytes) for _, pool in rows),
    )


def _figures(cell: Cell, record: Record, request: Mapping[str, int]) -> Figures:
    return Figures(
        cell.model,
        cell.system,
        record["ttft_ms"],
        record["tpot_ms"],
        request.get("isl", 0),
        request.get("prefix", 0),
        tuple(_pools(record)),
    )


def _pools(record: Record) -> list[Pool]:
    return [
        Pool(role, record[f"{role}_layout"], int(record[f"{role}_batch"]), float(record[f"{role}_memory_bytes"]))
        for role in _ROLES
        if isinstance(record[f"{role}_layout"], str)
    ]


def _lengths(record: Record) -> dict[str, int]:
    """The request, as the subject's command names it."""
    found = re.findall(r" --(isl|osl|prefix) (\d+)(?= |$)", record["command"])
    return {name: int(value) for name, value in found}


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
