"""The evidence behind the statuses, as one Parquet file beside the matrix."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.coordinates import Cell, Mode
from harness.errors import MatrixFileError
from harness.files import read_bytes
from harness.matrix.publish import publish
from harness.matrix.table import evidence_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from harness.matrix.records import Verdict
    from harness.subjects.api import Role, SubjectInfo

_ROLES: tuple[Role, ...] = ("agg", "prefill", "decode")
_EVIDENCE_FORMAT = "1"
_METADATA_PREFIX = "aic-harness."


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures behind the statuses, one row per cell, and the versions they were made with."""

    frame: pd.DataFrame
    versions: Mapping[str, str]


def evidence_path(matrix: Path) -> Path:
    """Where the evidence of a matrix file lies: beside it."""
    return matrix.with_suffix(".evidence.parquet")


def evidence_file(
    verdicts: Iterable[Verdict],
    subject: SubjectInfo,
    merge_with: Path | None = None,
    made_with: Mapping[str, str] | None = None,
) -> bytes:
    """What the statuses rest on as Parquet, one row per cell, sorted like the matrix.

    Args:
        verdicts: What was judged.
        subject: Whom the verdicts are about.
        merge_with: Earlier evidence; its rows for other cells are kept if they are about the same subject and data.
        made_with: Versions of harness and Python, where these are not the ones that judged.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    versions = {
        "evidence": _EVIDENCE_FORMAT,
        "harness": __version__,
        "subject": subject.name,
        "subject_version": subject.version,
        "data_version": subject.data_version,
        "python": platform.python_version(),
        **(made_with or {}),
    }
    schema = _evidence_schema().with_metadata({_METADATA_PREFIX + key: value for key, value in versions.items()})
    new = {verdict.cell: evidence_record(verdict) for verdict in verdicts}
    records = _kept(merge_with, versions, new) | new
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([records[cell] for cell in sorted(records)], schema), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def write_evidence(verdicts: Iterable[Verdict], subject: SubjectInfo, path: Path) -> None:
    """Write evidence to a file.

    Raises:
        OutputError: It cannot be written; no file has been touched.
    """
    publish({path: evidence_file(verdicts, subject)})


def _kept(path: Path | None, versions: Mapping[str, str], new: Mapping[Cell, object]) -> dict[Cell, dict[str, object]]:
    if path is None or not path.is_file():
        return {}
    table, old_versions = _read(path)
    if any(old_versions.get(key) != versions[key] for key in ("subject", "subject_version", "data_version")):
        return {}
    rows = {
        Cell(row["model"], row["system"], row["backend"], row["version"], Mode(row["mode"])): row
        for row in table.to_pylist()
    }
    return {cell: row for cell, row in rows.items() if cell not in new}


def read_evidence(path: Path) -> Evidence:
    """Read evidence that was written here.

    Raises:
        MatrixFileError: It is missing, damaged, or another kind of file.
    """
    import pandas as pd  # noqa: PLC0415 - heavy
    import pyarrow as pa  # noqa: PLC0415 - heavy

    table, versions = _read(path)
    return Evidence(table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), versions)


def _read(path: Path) -> tuple[Any, dict[str, str]]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    expected = "the evidence that `aic-harness matrix run` writes"
    try:
        table = pq.read_table(pa.BufferReader(read_bytes(path)))
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or "a damaged file"
        raise MatrixFileError(str(path), reason, expected) from error
    versions = {
        key.decode(errors="replace").removeprefix(_METADATA_PREFIX): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
        if key.startswith(_METADATA_PREFIX.encode())
    }
    if versions.get("evidence") != _EVIDENCE_FORMAT or not table.schema.equals(_evidence_schema()):
        raise MatrixFileError(str(path), "a Parquet file of another kind", expected)
    return table, versions


def _evidence_schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa  # noqa: PLC0415 - heavy

    text, number, figure = pa.string(), pa.int64(), pa.float64()
    names = ("model", "system", "backend", "version", "mode", "architecture", "status", "source", "error", "command")
    fields = [(name, text) for name in (*names, "deployment")]
    fields += [("gpus", number), ("ttft_ms", figure), ("tpot_ms", figure), ("tokens_per_s_per_gpu", figure)]
    for role in _ROLES:
        fields += [(f"{role}_layout", text)]
        fields += [(f"{role}_{name}", number) for name in ("replicas", "batch", "memory_bytes")]
    fields += [("data_origin", text), ("inherited", text), ("points_tried", number), ("seconds", figure), ("log", text)]
    return pa.schema(fields)
