"""Findings that are expected: data with the arithmetic behind each, strict in both directions.

A finding that an entry covers is expected. An entry that covers nothing on a target that it names is stale, and so is
one that names no target at all: the subject was mended, or the entry was wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from harness.checks.records import Outcome
from harness.data_files import Record, data_path, load_toml
from harness.errors import DataFileError
from harness.version_ranges import Range, holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.checks.records import Check, Finding, Pair, Target

Text = Annotated[str, Field(min_length=1)]
Globs = Annotated[tuple[Text, ...], Field(min_length=1)]


class KnownIssue(Record):
    """One entry of `fixtures/known_issues.toml`.

    Attributes:
        id: Stable, readable name.
        check: Id of the check that finds it.
        models: Model ids or globs; a target without a model (a system, the release) matches `*` alone.
        databases: Globs over `system/backend/version` for checks of estimates.
        systems: Globs over system names for checks of systems.
        about: Globs over what the findings are about; each must be found on every target.
        subjects: PEP 440 range of subject versions that have it.
        kind: `bug`; `approximation` that upstream chose; or `engine-dependent`, right for some engines only.
        reason: Why it is wrong, with the arithmetic.
        upstream: Issue or pull request, if one is known.
    """

    id: Text
    check: Text
    models: Globs = ("*",)
    databases: Globs = ("*",)
    systems: Globs = ("*",)
    about: Globs = ("*",)
    subjects: Annotated[Range, Field(min_length=1)]
    kind: Literal["bug", "approximation", "engine-dependent"]
    reason: Annotated[str, Field(min_length=20)]
    upstream: str = ""

    def concerns(self, version: str) -> bool:
        """Whether a subject of this version has it."""
        return holds(self.subjects, version)

    def names(self, check: str, target: Target) -> bool:
        """Whether it expects findings of a check on a target."""
        return (
            self.check == check
            and _matches(target.model, self.models)
            and _matches(str(target.database) if target.database else "", self.databases)
            and _matches(target.system, self.systems)
        )

    def finds(self, about: str) -> bool:
        """Whether it expects a finding about something."""
        return _matches(about, self.about)


class _File(Record):
    known_issues: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry that no longer holds.

    Attributes:
        issue: The entry.
        target: Where it finds nothing; None if it names no target at all.
        about: The pattern that finds nothing there.
    """

    issue: KnownIssue
    target: Target | None
    about: str

    def finding(self, blank: Finding) -> Finding:
        """What is wrong, as a finding.

        Args:
            blank: A finding of the target in which nothing is wrong.
        """
        if self.target is None:
            expected, actual = "a target that its patterns name", "none: remove it, or mend its patterns"
        else:
            expected = f"a finding about {self.about!r}"
            actual = "none: end its range of subjects, or narrow its patterns"
        return replace(
            blank,
            outcome=Outcome.FAIL,
            about=f"known issue {self.issue.id}",
            expected=expected,
            actual=actual,
            arithmetic=f"the entry says: {self.issue.reason}",
            stale=True,
        )


class KnownIssues:
    """The entries that concern one subject.

    Args:
        entries: All entries.
        version: Version of the subject.
    """

    def __init__(self, entries: Iterable[KnownIssue], version: str) -> None:
        self.entries = tuple(entry for entry in entries if entry.concerns(version))

    @classmethod
    def load(cls, version: str, known_checks: Iterable[Check], path: Path | None = None) -> KnownIssues:
        """Read the file.

        Raises:
            DataFileError: It does not follow the schema, an id occurs twice, or a check does not exist.
        """
        path = path or data_path("fixtures", "known_issues.toml")
        names = sorted(check.id for check in known_checks)
        entries: dict[str, KnownIssue] = {}
        for place, raw in enumerate(load_toml(path, _File).known_issues, 1):
            entry = _entry(raw, f"{path}, known issue {raw.get('id') or f'number {place}'}")
            if entry.id in entries:
                raise DataFileError(f"{path}, known issue {entry.id}, field id", "it twice", "one entry for each id")
            if entry.check not in names:
                where = f"{path}, known issue {entry.id}, field check"
                raise DataFileError(where, repr(entry.check), f"one of {', '.join(names)}")
            entries[entry.id] = entry
        return cls(entries.values(), version)

    def expected_on(self, check: str, target: Target) -> tuple[KnownIssue, ...]:
        """Entries that expect findings of a check on a target."""
        return tuple(entry for entry in self.entries if entry.names(check, target))

    def applied(self, findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], tuple[Stale, ...]]:
        """Mark the findings of one pair that are expected, and list what was expected and not found.

        A pair that was skipped or that ended with an error says nothing about entries that it finds nothing of: it did
        not get to its end.
        """
        if not findings:
            return (), ()
        entries = self.expected_on(findings[0].check, findings[0].target)
        marked = tuple(_marked(finding, entries) for finding in findings)
        cut_short = (Outcome.SKIP, Outcome.ERROR)
        if any(finding.outcome in cut_short for finding in marked):
            return marked, ()
        found = [finding.about for finding in findings if finding.wrong]
        stale = tuple(
            Stale(entry, findings[0].target, pattern)
            for entry in entries
            for pattern in entry.about
            if not any(fnmatchcase(about, pattern) for about in found)
        )
        return marked, stale

    def unmatched(self, run: Iterable[Pair]) -> tuple[Stale, ...]:
        """Entries that name none of the pairs of a complete run; those whose check was not run say nothing."""
        targets: dict[str, list[Target]] = {}
        for pair in run:
            targets.setdefault(pair.check.id, []).append(pair.target)
        return tuple(
            Stale(entry, None, "")
            for entry in self.entries
            if entry.check in targets and not any(entry.names(entry.check, target) for target in targets[entry.check])
        )


def _entry(raw: dict[str, object], where: str) -> KnownIssue:
    try:
        # As in `load_toml`: JSON, because it has no tuples, so a list is taken for one.
        return KnownIssue.model_validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        found = "nothing" if first["type"] == "missing" else repr(first["input"])
        raise DataFileError(f"{where}, field {field}", found, first["msg"].removeprefix("Value error, ")) from error


def _marked(finding: Finding, entries: Sequence[KnownIssue]) -> Finding:
    if not finding.wrong:
        return finding
    for entry in entries:
        if entry.finds(finding.about):
            return replace(finding, known_issue=entry.id)
    return finding


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
