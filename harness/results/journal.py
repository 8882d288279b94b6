"""The verdicts of a matrix run as a stream: one record for each cell, on the disk before the next cell is begun."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.errors import ResultsError, UsageError
from harness.files import read_bytes
from harness.matrix.judge_version import judge_version
from harness.matrix.table import shown
from harness.matrix.verdict_records import DamagedVerdictError, digest, from_record, to_record
from harness.results.stream import Entry, Format, Header, partial_path, read_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.coordinates import Cell
    from harness.matrix.records import Verdict
    from harness.results.stream import Stream
    from harness.subjects.api import Inputs

FORMAT = Format("aic-harness-verdicts", 1)

ANEW = "Run it anew, without --resume."


@dataclass(frozen=True, slots=True)
class Shard:
    """One of the parts that a run is divided into; the first is 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `number/of`.

        Raises:
            UsageError: It is not of this form, or there is no such part.
        """
        match = re.fullmatch(r"([1-9]\d{0,4})/([1-9]\d{0,4})", text)
        if match is None or int(match[1]) > int(match[2]):
            expected = "a part and how many there are, such as 1/4: the first is 1, the last 4"
            raise UsageError("--shard", shown(text), expected)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def header_of(  # noqa: PLR0913 - as many as a header says
    asked: Sequence[Cell],
    cells: Sequence[Cell],
    inputs: Inputs,
    versions: Mapping[str, str | None],
    *,
    exhaustive: bool = False,
    shard: Shard | None = None,
) -> Header:
    """The header of a run that begins now.

    Args:
        asked: Cells of the run, or of all shards together.
        cells: Cells that are judged here.
        inputs: What the subject answers from.
        versions: Of harness, subject, data and Python.
        exhaustive: The subject's own full search judges.
        shard: Which part of the run it is.
    """
    about = {
        "inputs": inputs.whole,
        "judge": judge_version(),
        "exhaustive": exhaustive,
        "asked": digest_of(asked),
        "asked_cells": len(asked),
        "shard": str(shard or Shard()),
        "cells": digest_of(cells),
    }
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Header(FORMAT.name, FORMAT.version, {name: said or "" for name, said in versions.items()}, started, about)


def path_of(matrix: Path) -> Path:
    """Where the journal of a run lies that writes a matrix file."""
    return matrix.with_suffix(".journal.jsonl")


def digest_of(cells: Iterable[Cell]) -> str:
    """Digest of a set of cells."""
    return digest(sorted(map(str, cells)))


def entry_of(verdict: Verdict) -> Entry:
    """The record of a verdict."""
    return Entry(str(verdict.cell), verdict.status.value, to_record(verdict))


def verdicts_of(stream: Stream, name: str) -> tuple[Verdict, ...]:
    """The verdicts that a stream holds.

    Args:
        stream: What was read.
        name: What errors call it.

    Raises:
        ResultsError: A record is not what was written.
    """
    return tuple(_verdict(entry, f"{name}:{line}") for line, entry in enumerate(stream.entries, 2))


def unfinished(path: Path, header: Header) -> tuple[Verdict, ...]:
    """What an earlier run has judged whose journal this is; nothing where there is no journal.

    Args:
        path: The journal.
        header: Of the run that is to go on with it.

    Raises:
        ResultsError: The journal is damaged, or of a run of something else.
    """
    # A run that died after its last verdict has left a whole journal.
    found = next((each for each in (partial_path(path), path) if _has_begun(each)), None)
    if found is None:
        return ()
    stream = read_prefix(found, FORMAT)
    for group, ours, theirs in (
        ("versions", header.versions, stream.header.versions),
        ("about", header.about, stream.header.about),
    ):
        refuse_unlike(f"{found}:1, field {group}", theirs, ours, "as in this run", ANEW)
    return verdicts_of(stream, str(found))


def refuse_unlike(where: str, found: Mapping[str, object], wanted: Mapping[str, object], why: str, todo: str) -> None:
    """Refuse one half of a header that says something else than another.

    Raises:
        ResultsError: It does; the error names the first field that differs, and what that means.
    """
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            meaning = _MEANINGS.get(name, "")
            there, here = shown(str(found.get(name))), shown(str(wanted.get(name)))
            raise ResultsError(f"{where}.{name}{meaning}", there, f"{here}, {why}", todo)


_MEANINGS = {
    "inputs": " (code and data of the subject)",
    "judge": " (code and rules that judge)",
    "asked": " (cells asked for, by filters and by what the subject has)",
    "cells": " (cells of this shard)",
}


def _has_begun(path: Path) -> bool:
    try:
        return b"\n" in read_bytes(path)
    except OSError:
        return False


def _verdict(entry: Entry, where: str) -> Verdict:
    try:
        verdict = from_record(entry.content)
    except DamagedVerdictError as error:
        raise ResultsError(f"{where}, {entry.key}", str(error), "the verdict as it was written") from error
    if (entry.key, entry.outcome) != (str(verdict.cell), verdict.status.value):
        found = f"{entry.outcome} of {shown(entry.key)}"
        raise ResultsError(where, found, f"what its content says: {verdict.status.value} of {verdict.cell}")
    return verdict
