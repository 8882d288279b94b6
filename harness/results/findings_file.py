"""The findings of a conformance run as a stream: one record for each pair of check and target."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from harness.checks.records import Finding, Outcome, Result, Target
from harness.coordinates import Database
from harness.data_files import Record
from harness.errors import ResultsError
from harness.matrix.table import shown, utf8
from harness.results.content import refuse_unversioned, validated
from harness.results.stream import Entry, Footer, Format, Header, Stream, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.checks.records import Judged, Pair
    from harness.reference.hf_config import HFConfig

FORMAT = Format("aic-harness-findings", 1)

_OF_FINDING = ("about", "expected", "actual", "arithmetic", "snippet", "known_issue", "stale")
_BLANK = {field.name: field.default for field in fields(Finding) if field.name in _OF_FINDING}


@dataclass(frozen=True, slots=True)
class PairFindings:
    """What came out of one check on one target.

    Attributes:
        key: Id of the pair; of a known issue that names no target at all, an id of its own.
        check: Id of the check.
        target: What it looked at.
        result: The worst of the findings.
        findings: At least one.
    """

    key: str
    check: str
    target: Target
    result: Result
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FindingsFile:
    """A complete run, read back.

    Attributes:
        versions: Of harness, subject, data and Python.
        started: When the run began: UTC, ISO 8601.
        capabilities: What the subject could be asked, sorted.
        configs: Digest of the config behind each model.
        checks, targets: What was asked, sorted.
        pairs: In the order of the file.
    """

    versions: Mapping[str, str]
    started: str
    capabilities: tuple[str, ...]
    configs: Mapping[str, str]
    checks: tuple[str, ...]
    targets: tuple[str, ...]
    pairs: tuple[PairFindings, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the file."""
        return tuple(finding for pair in self.pairs for finding in pair.findings)

    @property
    def release(self) -> str:
        """Version of the subject, such as `0.12.0`."""
        return self.versions["subject"].rpartition(" ")[2]


class _About(Record):
    """What a header says of the run; lists are sorted."""

    capabilities: tuple[str, ...]
    configs: dict[str, str]
    checks: tuple[str, ...]
    targets: tuple[str, ...]


class _FindingRecord(Record):
    outcome: Outcome
    about: str = ""
    expected: str = ""
    actual: str = ""
    arithmetic: str = ""
    snippet: str = ""
    known_issue: str | None = None
    stale: bool = False


class _PairRecord(Record):
    check: str
    phase: int
    lesson: int | None
    model: str
    database: tuple[str, str, str] | None
    system: str
    reproduce: str
    findings: tuple[_FindingRecord, ...]


def header_of(
    pairs: Sequence[Pair],
    capabilities: Iterable[str],
    configs: Mapping[str, str],
    versions: Mapping[str, str],
    started: str,
) -> Header:
    """The header of a run.

    Args:
        pairs: What is to be judged.
        capabilities: What the subject can be asked.
        configs: Digest of the config behind each model.
        versions: Of harness, subject, data and Python.
        started: When it begins: UTC, ISO 8601.
    """
    about = _About(
        capabilities=tuple(sorted(capabilities)),
        configs=dict(configs),
        checks=tuple(sorted({pair.check.id for pair in pairs})),
        targets=tuple(sorted({str(pair.target) for pair in pairs})),
    )
    return Header(FORMAT.name, FORMAT.version, dict(versions), started, about.model_dump(mode="json"))


def digest(config: HFConfig) -> str:
    """What tells one config from another: 16 digits of the SHA-256 of its fields and of its quantization file's."""
    text = json.dumps([config.raw(), config.quantization], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def entry_of(judged: Judged) -> Entry:
    """The record of a pair."""
    return _entry(judged.pair.id, judged.result, judged.findings)


def entry_of_unmatched(finding: Finding) -> Entry:
    """The record of a known issue that names no target at all."""
    return _entry(f"{finding.about}[{finding.check}]", Result(finding.outcome.value), (finding,))


def read_findings(path: Path) -> FindingsFile:
    """Read the results of a run that ended.

    Raises:
        ResultsError: They are damaged in any way, or no results of this format.
    """
    return parsed(read(path, FORMAT), str(path))


def parsed(stream: Stream, name: str) -> FindingsFile:
    """The findings that a stream holds.

    Args:
        stream: What was read.
        name: What errors call it.

    Raises:
        ResultsError: A line does not follow the format.
    """
    header = stream.header
    about = validated(_About, header.about, f"{name}:1, field about")
    refuse_unversioned(header, name)
    if not stream.entries:
        raise ResultsError(name, "no record", "at least one")
    subject = header.versions["subject"]
    pairs = tuple(_pair(entry, subject, f"{name}:{line}") for line, entry in enumerate(stream.entries, 2))
    return FindingsFile(
        header.versions, header.started, about.capabilities, about.configs, about.checks, about.targets, pairs
    )


def merge(paths: Sequence[Path]) -> Stream:
    """Put the parts of one run together, strictly: the same parts in any order give the same bytes.

    Raises:
        ResultsError: There is no part; a part is truncated or damaged; two are the same, judge the same pair, were made
            with different versions or capabilities, or read different configs of one model.
    """
    if not paths:
        raise ResultsError("merge", "no part", "at least one")
    streams = {path: read(path, FORMAT) for path in sorted(set(paths))}
    if len(streams) < len(paths):
        twice = next(path for path in sorted(paths) if list(paths).count(path) > 1)
        raise ResultsError(str(twice), "it twice", "every part once")
    (first_path, first), *others = streams.items()
    owners = {entry.key: first_path for entry in first.entries}
    abouts = {path: validated(_About, each.header.about, f"{path}:1, field about") for path, each in streams.items()}
    for path, stream in others:
        _refuse_unlike(path, stream, first_path, first)
        for entry in stream.entries:
            if owners.setdefault(entry.key, path) != path:
                same = "the same part" if stream.entries == streams[owners[entry.key]].entries else "an overlapping one"
                found = f"{entry.key}, which {owners[entry.key]} holds too ({same})"
                raise ResultsError(str(path), found, "every pair in one part only")
    entries = sorted((entry for stream in streams.values() for entry in stream.entries), key=lambda entry: entry.key)
    started = min(stream.header.started for stream in streams.values())
    header = Header(FORMAT.name, FORMAT.version, first.header.versions, started, _united(abouts))
    return Stream(header, tuple(entries), _sum([stream.footer for stream in streams.values() if stream.footer]))


def _refuse_unlike(path: Path, part: Stream, first_path: Path, first: Stream) -> None:
    for name in sorted(part.header.versions.keys() | first.header.versions.keys()):
        ours, theirs = (str(stream.header.versions.get(name)) for stream in (part, first))
        if ours != theirs:
            raise ResultsError(f"{path}:1, field versions.{name}", shown(ours), f"{shown(theirs)}, as in {first_path}")
    ours, theirs = (str(stream.header.about.get("capabilities")) for stream in (part, first))
    if ours != theirs:
        raise ResultsError(f"{path}:1, field capabilities", "others", f"the same as in {first_path}")


def _united(abouts: Mapping[Path, _About]) -> dict[str, object]:
    configs: dict[str, tuple[str, Path]] = {}
    for path, about in abouts.items():
        for model, there in about.configs.items():
            digest_there, owner = configs.setdefault(model, (there, path))
            if digest_there != there:
                raise ResultsError(f"{path}:1, config of {model}", there, f"{digest_there}, as in {owner}")
    return _About(
        capabilities=next(iter(abouts.values())).capabilities,
        configs={model: configs[model][0] for model in sorted(configs)},
        checks=tuple(sorted({check for about in abouts.values() for check in about.checks})),
        targets=tuple(sorted({target for about in abouts.values() for target in about.targets})),
    ).model_dump(mode="json")


def _sum(footers: Iterable[Footer]) -> Footer:
    footers = tuple(footers)
    names = sorted({name for footer in footers for name in footer.outcomes})
    return Footer(
        sum(footer.records for footer in footers),
        {name: sum(footer.outcomes.get(name, 0) for footer in footers) for name in names},
        # Rounded, for a sum of fractions depends on their order.
        round(sum(footer.seconds for footer in footers), 1),
    )


def _entry(key: str, result: Result, findings: Sequence[Finding]) -> Entry:
    first, where = findings[0], findings[0].target.database
    content: dict[str, object] = {
        "check": first.check,
        "phase": first.phase,
        "lesson": first.lesson,
        "model": first.target.model,
        "database": [where.system, where.backend, where.version] if where else None,
        "system": first.target.system,
        "reproduce": first.reproduce,
        "findings": [_finding_record(finding) for finding in findings],
    }
    return Entry(key, result.value, content)


def _finding_record(finding: Finding) -> dict[str, object]:
    said = {name: getattr(finding, name) for name in _OF_FINDING}
    # Texts of the subject may hold bytes that are no text.
    said |= {name: utf8(value) for name, value in said.items() if isinstance(value, str)}
    return {"outcome": finding.outcome.value} | {name: said[name] for name in said if said[name] != _BLANK[name]}


def _pair(entry: Entry, subject: str, where: str) -> PairFindings:
    record = validated(_PairRecord, entry.content, f"{where}, {entry.key}, field content")
    target = Target(record.model, Database(*record.database) if record.database else None, record.system)
    if entry.outcome not in set(Result) or not record.findings:
        found = shown(entry.outcome) if record.findings else "no finding"
        raise ResultsError(f"{where}, {entry.key}", found, f"one of {', '.join(Result)}, and at least one finding")
    findings = tuple(
        Finding(
            record.check,
            record.phase,
            record.lesson,
            target,
            subject,
            reproduce=record.reproduce,
            **{name: getattr(finding, name) for name in ("outcome", *_OF_FINDING)},
        )
        for finding in record.findings
    )
    return PairFindings(entry.key, record.check, target, Result(entry.outcome), findings)
