"""Puts the shards of one matrix run together, strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import ResultsError
from harness.matrix.table import shown
from harness.results.journal import FORMAT, digest_of, refuse_unlike, verdicts_of
from harness.results.stream import read
from harness.subjects.api import SubjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.coordinates import Cell
    from harness.matrix.records import Verdict
    from harness.results.stream import Stream

_OF_THE_RUN = ("asked", "asked_cells", "exhaustive", "inputs", "judge")
"""Fields of a header that say the same in every shard."""


@dataclass(frozen=True, slots=True)
class MatrixRun:
    """A run that was put together.

    Attributes:
        versions: Of harness, subject, data and Python.
        verdicts: Of all cells that were asked for, sorted by cell.
    """

    versions: Mapping[str, str]
    verdicts: tuple[Verdict, ...]

    @property
    def subject(self) -> SubjectInfo:
        """Whom the verdicts are about."""
        name, _, version = self.versions["subject"].rpartition(" ")
        return SubjectInfo(name, version, self.versions["data"].rpartition(" ")[2])

    @property
    def made_with(self) -> dict[str, str]:
        """Versions of what judged."""
        return {name: self.versions[name] for name in ("harness", "python")}


def merge_shards(paths: Sequence[Path]) -> MatrixRun:
    """Put the shards of one run together; the same shards in any order give the same result.

    Raises:
        ResultsError: A shard is missing, there twice, damaged or cut off, of another run, or judged other cells than it
            says; the error names it.
    """
    if not paths:
        raise ResultsError("merge", "no part", "at least one")
    parts = {path: read(path, FORMAT) for path in sorted(set(paths))}
    if len(parts) < len(paths):
        twice = next(path for path in sorted(paths) if paths.count(path) > 1)
        raise ResultsError(str(twice), "it twice", "every part once")
    first_path, first = next(iter(parts.items()))
    for path, part in parts.items():
        why = f"as in {first_path}"
        refuse_unlike(f"{path}:1, field versions", part.header.versions, first.header.versions, why, "")
        refuse_unlike(f"{path}:1, field about", _of_the_run(part), _of_the_run(first), why, "")
    _refuse_other_shards(parts)
    verdicts = _verdicts(parts)
    if digest_of(verdicts) != first.header.about.get("asked"):
        found = f"{len(verdicts)} cells in all parts"
        raise ResultsError(f"{first_path}:1, field about.asked", found, "the cells that the run was asked for")
    return MatrixRun(first.header.versions, tuple(verdicts[cell] for cell in sorted(verdicts)))


def _of_the_run(part: Stream) -> dict[str, object]:
    return {name: part.header.about.get(name) for name in _OF_THE_RUN}


def _refuse_other_shards(parts: Mapping[Path, Stream]) -> None:
    owners: dict[int, Path] = {}
    total = 0
    for path, part in parts.items():
        said = str(part.header.about.get("shard"))
        match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", said)
        if match is None or total not in {0, int(match[2])}:
            wanted = f"a part of {total}, as in {next(iter(parts))}" if total else "a part, such as 1/4"
            raise ResultsError(f"{path}:1, field about.shard", shown(said), wanted)
        number, total = int(match[1]), int(match[2])
        if number in owners:
            raise ResultsError(
                f"{path}:1, field about.shard", f"{said}, which {owners[number]} is too", "every part once"
            )
        owners[number] = path
    missing = [f"{number}/{total}" for number in range(1, total + 1) if number not in owners]
    if missing or len(owners) > total:
        raise ResultsError("merge", f"no part {', '.join(missing)}", f"all {total} parts of the run")


def _verdicts(parts: Mapping[Path, Stream]) -> dict[Cell, Verdict]:
    found: dict[Cell, Verdict] = {}
    owners: dict[Cell, Path] = {}
    for path, part in parts.items():
        verdicts = verdicts_of(part, str(path))
        for verdict in verdicts:
            cell = verdict.cell
            if cell in owners:
                raise ResultsError(str(path), f"{cell}, which {owners[cell]} holds too", "every cell in one part only")
            owners[cell], found[cell] = path, verdict
        _refuse_other_cells(path, part, (verdict.cell for verdict in verdicts))
    return found


def _refuse_other_cells(path: Path, part: Stream, cells: Iterable[Cell]) -> None:
    if digest_of(cells) != part.header.about.get("cells"):
        found = f"{len(part.entries)} records of other cells"
        raise ResultsError(str(path), found, "the cells that its first line tells of", "Run that shard again.")
