"""Descriptions of models as a stream: one record for each model; the header says what the tables of the subject are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.coordinates import Database
from harness.data_files import Record
from harness.errors import ResultsError
from harness.matrix.table import shown
from harness.results.content import refuse_unversioned, validated
from harness.results.model_records import Description
from harness.results.stream import Entry, Format, Header, Writer, read
from harness.subjects.models import OpTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.results.stream import Stream

FORMAT = Format("aic-harness-models", 1)


@dataclass(frozen=True, slots=True)
class ModelsFile:
    """A complete file, read back.

    Attributes:
        versions: Of harness, subject, data and Python.
        databases: What the descriptions point into.
        tables: Tables of every database.
        models: Description of each model.
    """

    versions: Mapping[str, str]
    databases: tuple[Database, ...]
    tables: tuple[OpTable, ...]
    models: Mapping[str, Description]


class _Table(Record):
    family: str
    name: str
    sources: dict[str, str]
    """Source of the rows by the place of the database."""


class _About(Record):
    databases: tuple[tuple[str, str, str], ...]
    tables: tuple[_Table, ...]


def header_of(
    databases: Sequence[Database], tables: Iterable[OpTable], versions: Mapping[str, str | None], started: str
) -> Header:
    """The header of a file.

    Args:
        databases: Every database of the subject.
        tables: What they answer from.
        versions: Of harness, subject, data and Python.
        started: When the run begins: UTC, ISO 8601.
    """
    places = {database: str(place) for place, database in enumerate(databases)}
    sources: dict[tuple[str, str], dict[str, str]] = {}
    for table in tables:
        sources.setdefault((table.family, table.name), {})[places[table.database]] = table.source
    about = _About(
        databases=tuple((each.system, each.backend, each.version) for each in databases),
        tables=tuple(_Table(family=family, name=name, sources=found) for (family, name), found in sources.items()),
    )
    said = {name: version or "" for name, version in versions.items()}
    return Header(FORMAT.name, FORMAT.version, said, started, about.model_dump(mode="json"))


def write_models(
    path: Path,
    header: Callable[[str], Header],
    described: Iterable[tuple[str, Description]],
    on_done: Callable[[str, Description], None] = lambda *_: None,
) -> None:
    """Write descriptions as they come.

    Args:
        path: The file.
        header: From the time of the beginning to the first line.
        described: Models with their descriptions.
        on_done: Called for each model and its description as it is written.

    Raises:
        OutputError: The file cannot be written.
    """
    started = time.monotonic()
    with Writer(path, header(datetime.now(UTC).isoformat(timespec="seconds"))) as writer:
        for model, description in described:
            outcome = "refused" if description.refusal else "described"
            writer.add(Entry(model, outcome, description.model_dump(mode="json")))
            on_done(model, description)
        writer.finish(time.monotonic() - started)


def read_models(path: Path) -> ModelsFile:
    """Read a file that was written to its end.

    Raises:
        ResultsError: It is damaged in any way, or of another format.
    """
    return parsed(read(path, FORMAT), str(path))


def parsed(stream: Stream, name: str) -> ModelsFile:
    """The descriptions that a stream holds.

    Args:
        stream: What was read.
        name: What errors call it.

    Raises:
        ResultsError: A line does not follow the format, or points to a database that is not there.
    """
    header = stream.header
    refuse_unversioned(header, name)
    about = validated(_About, header.about, f"{name}:1, field about")
    databases = tuple(Database(*each) for each in about.databases)
    if not stream.entries:
        raise ResultsError(name, "no record", "at least one model")
    models = {}
    for line, entry in enumerate(stream.entries, 2):
        where = f"{name}:{line}, {shown(entry.key)}, field content"
        models[entry.key] = validated(Description, entry.content, where)
        _refuse_strange_places(models[entry.key], len(databases), where)
    tables = tuple(
        OpTable(_at(databases, place, f"{name}:1, field about.tables"), table.family, table.name, source)
        for table in about.tables
        for place, source in table.sources.items()
    )
    return ModelsFile(header.versions, databases, tables, models)


def _refuse_strange_places(description: Description, count: int, where: str) -> None:
    places = [place for need in description.needs for place in need.databases]
    places += [description.breakdown.database] if description.breakdown else []
    for place in places:
        if not 0 <= place < count:
            raise ResultsError(where, f"database number {place}", f"a place among the {count} of the first line")
    for strip in (description.mixers, description.ffns):
        if any(not 0 <= code < len(strip.labels) for code in strip.codes):
            raise ResultsError(where, "a layer without a label", f"a place among {len(strip.labels)} labels")


def _at(databases: Sequence[Database], place: str, where: str) -> Database:
    if not place.isdecimal() or int(place) >= len(databases):
        raise ResultsError(where, f"database {shown(place)}", f"a place among {len(databases)}")
    return databases[int(place)]
