"""Puts the document of the page together."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from harness import __version__
from harness.matrix.table import utf8
from harness.report.cells import matrix_table, ordered
from harness.report.changed import changes
from harness.report.columns import places
from harness.report.described import coverage, description_document, models
from harness.report.found import findings_table
from harness.report.names import Names
from harness.report.payload import PAYLOAD_FORMAT, Cost, Payload, Run
from harness.results.compare import compare
from harness.results.plausibility import Judge
from harness.running.records import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.report.loading import Loaded
    from harness.report.payload import Matrix
    from harness.results.sides import Side

_HOW = {
    "matrix": "no support matrix: aic-harness matrix run --out support_matrix.csv",
    "evidence": "no evidence beside the matrix, so no figures: aic-harness matrix run --out support_matrix.csv",
    "findings": "no findings: aic-harness check --all --results findings.jsonl",
    "models": "no descriptions of models and tables: aic-harness describe --all --out models.jsonl",
}
"""What a page says of a kind of results that it was not given."""


def build(
    loaded: Loaded, against: Side | None, written: datetime, *, name: str = "", folder: Path | None = None
) -> Payload:
    """The document.

    Args:
        loaded: What to show.
        against: Another run to compare with, if any.
        written: When the page is written, in UTC.
        name: What the comparison calls what is shown.
        folder: Where stored configs are looked up; the harness's own by default.

    Raises:
        ResultsError: The two runs cannot be compared.
    """
    names = _names(loaded)
    matrix, rows = None, {}
    if loaded.matrix:
        matrix = matrix_table(loaded.matrix, loaded.records, names, Judge(folder))
        rows = places(ordered(loaded.matrix, names))
    architectures = {row.model: row.architecture for row in loaded.matrix.rows} if loaded.matrix else {}
    compared = compare(against, loaded.side(name or "this run")) if against else None
    return Payload(
        format=PAYLOAD_FORMAT,
        subject=loaded.subject,
        harness=__version__,
        written=written.strftime("%Y-%m-%dT%H:%MZ"),
        models=models(names, architectures, loaded.models),
        databases=names.listed(),
        matrix=matrix,
        findings=findings_table(loaded.findings, names) if loaded.findings else None,
        changes=changes(compared, rows, names) if compared else None,
        coverage=coverage(loaded.models, names),
        run=_run(loaded, matrix, rows, names),
    )


def to_json(payload: Payload) -> str:
    """The document as JSON, on one line."""
    text = json.dumps(payload, default=_document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return utf8(text)


def _document(value: object) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        return description_document(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"no part of the document: {value!r}")


def _names(loaded: Loaded) -> Names:
    cells = loaded.matrix.statuses if loaded.matrix else {}
    pairs = loaded.findings.pairs if loaded.findings else ()
    described = loaded.models.models if loaded.models else {}
    of_subject = loaded.models.databases if loaded.models else ()
    return Names.of(
        [*(cell.model for cell in cells), *(pair.target.model for pair in pairs), *described],
        [
            *(cell.database for cell in cells),
            *(pair.target.database for pair in pairs if pair.target.database),
            *of_subject,
        ],
    )


def _run(loaded: Loaded, matrix: Matrix | None, rows: Mapping[Cell, int], names: Names) -> Run:
    return Run(
        parts=loaded.parts,
        costs=tuple(sorted(_costs(loaded, rows, names), key=lambda cost: (-cost.seconds, cost.database))),
        crashes=tuple(_crashes(matrix)) if matrix else (),
        notes=tuple(_notes(loaded)),
    )


def _costs(loaded: Loaded, rows: Mapping[Cell, int], names: Names) -> Iterator[Cost]:
    spent: dict[Database, list[tuple[float, Cell]]] = defaultdict(list)
    for cell, record in loaded.records.items():
        spent[cell.database].append((float(record["seconds"]), cell))
    for database, cells in spent.items():
        seconds = float(round(sum(each for each, _ in cells), 2))
        yield Cost(names.database[database], len(cells), seconds, rows[max(cells)[1]])


def _crashes(matrix: Matrix) -> Iterator[int]:
    """Rows whose error says that a process came to its end over them."""
    dead = {
        code for code, error in enumerate(matrix.error.values) if error.startswith(tuple(f"{each}: " for each in Cause))
    }
    return (row for row, code in enumerate(matrix.error.codes) if code in dead)


def _notes(loaded: Loaded) -> Iterator[str]:
    there = {part.kind for part in loaded.parts}
    missing = {kind: how for kind, how in _HOW.items() if kind not in there}
    if "matrix" in missing:
        missing.pop("evidence", None)
    yield from missing.values()
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for part in loaded.parts:
        for kind, version in part.versions:
            versions[kind].setdefault(version, part.name)
    for kind, found in versions.items():
        if len(found) > 1:
            said = ", ".join(f"{version} ({name})" for version, name in found.items())
            yield f"the files were made with different versions of {kind}: {said}"
    if loaded.matrix and loaded.evidence:
        without = len(loaded.matrix.statuses.keys() - loaded.records.keys())
        if without:
            yield f"{without} cells of the matrix have no evidence"
