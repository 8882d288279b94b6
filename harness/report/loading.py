"""Results as a user names them, read strictly: files of one subject, or an error that says which does not belong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ResultsError
from harness.matrix.evidence import evidence_path, read_evidence
from harness.matrix.store import INDEX, read_matrix
from harness.report.cells import records_of
from harness.report.payload import Part
from harness.results import findings_file, journal, models_file
from harness.results.sides import FINDINGS, MATRIX, Side
from harness.results.stream import format_of, partial_path, read
from harness.results.values import figures_of
from harness.subjects.releases import release_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.coordinates import Cell
    from harness.matrix.evidence import Evidence
    from harness.matrix.table import Matrix
    from harness.report.cells import Record
    from harness.results.findings_file import FindingsFile
    from harness.results.models_file import ModelsFile
    from harness.results.stream import Stream

MODELS = "models.jsonl"
"""Name in a folder of results."""

_EVIDENCE = ".evidence.parquet"
_KINDS = f"a support matrix, findings, descriptions of models, or a folder that holds {MATRIX}, {FINDINGS} or {MODELS}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Results of one subject.

    Attributes:
        subject: Name and version; empty where only a bare matrix is there, which does not say.
        matrix, findings, models: What there is.
        records: The evidence by cell; empty without.
        evidence: The same, as it was read.
        parts: The files.
    """

    subject: str
    matrix: Matrix | None
    findings: FindingsFile | None
    models: ModelsFile | None
    records: Mapping[Cell, Record]
    evidence: Evidence | None
    parts: tuple[Part, ...]

    def side(self, name: str) -> Side:
        """These results as one side of a comparison."""
        harness = next((dict(part.versions).get("harness", "") for part in self.parts if part.versions), "")
        figures = None if self.evidence is None else figures_of(self.evidence)
        return Side(name, self.subject, harness, self.findings, self.matrix, figures)


@dataclass(slots=True)
class _Files:
    """Files sorted by what they hold."""

    matrices: list[Path] = field(default_factory=list)
    evidence: list[Path] = field(default_factory=list)
    findings: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)


def load(given: Sequence[str], results: Path) -> Loaded:
    """Read results.

    Args:
        given: Files, folders of results, or releases.
        results: Folder with one folder of results for each release.

    Raises:
        ResultsError: There is nothing, a file is damaged, of a newer format or of a run that did not end, two of them
            hold the same, or they are of different subjects.
        MatrixFileError: The matrix or its evidence is damaged or empty.
    """
    files = _Files()
    for each in dict.fromkeys(given):
        _sort(each, files, results)
    matrix_path = _only(files.matrices, "a support matrix")
    matrix = None if matrix_path is None else read_matrix(matrix_path, strict=False)
    evidence_file = _only(files.evidence, "the evidence of a matrix")
    if evidence_file and matrix_path is None:
        raise ResultsError(str(evidence_file), "evidence without its matrix", "the matrix as well")
    evidence = None if evidence_file is None else read_evidence(evidence_file)
    records = records_of(evidence)
    if matrix and evidence_file:
        _refuse_other_evidence(matrix, records, evidence_file)
    findings, models = _findings(files.findings), _models(files.models)
    parts = [
        *([_matrix_part(matrix_path, matrix)] if matrix_path and matrix else ()),
        *([_evidence_part(evidence_file, evidence, records)] if evidence_file and evidence else ()),
        *([_part(files.findings, "findings", findings[0])] if findings else ()),
        *([_part(files.models, "models", models[0])] if models else ()),
    ]
    subject = _one_subject(parts)
    return Loaded(
        subject,
        matrix,
        findings[1] if findings else None,
        models[1] if models else None,
        records,
        evidence,
        tuple(parts),
    )


def _sort(given: str, files: _Files, results: Path) -> None:
    path = Path(given)
    if not path.exists() and (release := release_named(given)):
        path = results / release
        if not path.is_dir():
            raise ResultsError(
                str(path), f"no results of {release}", _KINDS, f"Make them: nox -s conformance-{release}"
            )
    if not path.exists():
        raise ResultsError(given, "no such file", _KINDS)
    if path.is_dir() and not (path / INDEX).exists():
        _sort_folder(path, files)
    elif path.is_dir() or path.suffix == ".csv":
        files.matrices.append(path)
        if evidence_path(path).exists():
            _add(evidence_path(path), files.evidence)
    elif path.suffix == ".parquet":
        _add(path, files.evidence)
    else:
        _sort_stream(path, files)


def _sort_folder(folder: Path, files: _Files) -> None:
    found = [folder / MATRIX, folder / FINDINGS, *sorted(folder.glob("findings.*.jsonl")), folder / MODELS]
    there = [path for path in found if path.exists()]
    if not there:
        partial = next((partial_path(path) for path in found if partial_path(path).exists()), None)
        what = f"only {partial.name}, of a run that did not end" if partial else "no results"
        raise ResultsError(str(folder), what, f"{MATRIX}, {FINDINGS} or {MODELS}")
    for path in there:
        _sort(str(path), files, folder)


def _sort_stream(path: Path, files: _Files) -> None:
    kinds = {findings_file.FORMAT.name: files.findings, models_file.FORMAT.name: files.models}
    said = format_of(path)
    if said == journal.FORMAT.name:
        todo = f"Put its parts together: aic-harness merge {path} --out {MATRIX}"
        raise ResultsError(str(path), "the journal of a matrix run", "the matrix that comes of it", todo)
    if said not in kinds:
        raise ResultsError(f"{path}:1, field format", repr(said) if said else "no header", f"one of {', '.join(kinds)}")
    _add(path, kinds[said])


def _add(path: Path, to: list[Path]) -> None:
    if path.resolve() not in {each.resolve() for each in to}:
        to.append(path)


def _only(paths: Sequence[Path], what: str) -> Path | None:
    if len(paths) > 1:
        raise ResultsError(str(paths[1]), f"{what} again", f"one, as in {paths[0]}", "Show each run by itself.")
    return paths[0] if paths else None


def _findings(paths: Sequence[Path]) -> tuple[Stream, FindingsFile] | None:
    if not paths:
        return None
    stream = findings_file.merge(paths) if len(paths) > 1 else read(paths[0], findings_file.FORMAT)
    return stream, findings_file.parsed(stream, str(paths[0]))


def _models(paths: Sequence[Path]) -> tuple[Stream, ModelsFile] | None:
    path = _only(paths, "descriptions of models")
    if path is None:
        return None
    stream = read(path, models_file.FORMAT)
    return stream, models_file.parsed(stream, str(path))


def _refuse_other_evidence(matrix: Matrix, records: Mapping[Cell, Record], path: Path) -> None:
    for row in matrix.rows:
        record = records.get(row.cell)
        if record is not None and record["status"] != row.status.value:
            found = f"{record['status']} for {row.cell}"
            raise ResultsError(str(path), found, f"{row.status.value}, as in the matrix", "Take both of one run.")
    cells = matrix.statuses
    strange = next((cell for cell in records if cell not in cells), None)
    if strange is not None:
        raise ResultsError(str(path), f"{strange}, which the matrix lacks", "evidence of the matrix's own cells")


def _one_subject(parts: Iterable[Part]) -> str:
    """The subject that every file which names one agrees on."""
    said = [(part, dict(part.versions)["subject"]) for part in parts if "subject" in dict(part.versions)]
    for part, subject in said[1:]:
        if subject != said[0][1]:
            expected = f"those of {said[0][1]}, as in {said[0][0].name}"
            raise ResultsError(part.name, f"results of {subject}", expected, "Show each subject by itself.")
    return said[0][1] if said else ""


def _matrix_part(path: Path, matrix: Matrix) -> Part:
    counts = Counter(row.status.value for row in matrix.rows)
    counts.update({"(blank)": len(matrix.unjudged)} if matrix.unjudged else {})
    return Part(path.name, "matrix", counts.total(), tuple(counts.most_common()), "", None, ())


def _evidence_part(path: Path, evidence: Evidence, records: Mapping[Cell, Record]) -> Part:
    said = evidence.versions
    versions = {
        "harness": said.get("harness", ""),
        "subject": f"{said.get('subject', '')} {said.get('subject_version', '')}",
        "data": f"{said.get('subject', '')}-core {said.get('data_version', '')}",
        "python": said.get("python", ""),
    }
    feasible = sum(isinstance(record["deployment"], str) for record in records.values())
    counts = (("with an estimate", feasible), ("without", len(records) - feasible))
    seconds = float(round(sum(record["seconds"] for record in records.values()), 1))
    return Part(path.name, "evidence", len(records), counts, "", seconds, tuple(versions.items()))


def _part(paths: Sequence[Path], kind: str, stream: Stream) -> Part:
    footer = stream.footer
    return Part(
        ", ".join(path.name for path in paths),
        kind,
        len(stream.entries),
        tuple(sorted(footer.outcomes.items())) if footer else (),
        stream.header.started,
        footer.seconds if footer else None,
        tuple(stream.header.versions.items()),
    )
