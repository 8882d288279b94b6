"""Findings of two runs: which are new, which are gone, and which cannot be told because one side did not judge.

What a check finds about a model on a database is the same finding on another version of that backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.records import Outcome
from harness.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.checks.records import Finding, Target
    from harness.results.findings_file import FindingsFile

_CUT_SHORT = (Outcome.SKIP, Outcome.ERROR)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A check and what it looked at: a model, a system or the release; `where` is system and backend of estimates."""

    check: str
    target: str
    where: str

    @classmethod
    def of(cls, check: str, target: Target) -> Place:
        """Where a check looked; the version of the backend is left out."""
        database = target.database
        where = f"{database.system}/{database.backend}" if database else ""
        return cls(check, target.model or target.system or "release", where)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One thing that a check says of one target, on one or more databases.

    Attributes:
        check, target, about: What it is.
        where: System and backend of each estimate that it was found on; empty for what needs none.
        finding: The finding on the first of them; on the new side where both have it.
        before: The same on the old side, where both have it.
    """

    check: str
    target: str
    about: str
    where: tuple[str, ...]
    finding: Finding
    before: Finding | None


@dataclass(frozen=True, slots=True)
class FindingsDiff:
    """Difference of two runs; rows are sorted by check, target and about. Stale known issues are no findings here.

    Attributes:
        new: Found now, and judged and not found before: a regression.
        fixed: Found before, and judged and not found now.
        changed: Found on both sides, with other values.
        unjudged_before: Found now, and not judged before.
        unjudged_now: Found before, and not judged now.
        kept: How many were found on both sides with the same values.
        only_old, only_new: Models that one side alone was asked about.
    """

    new: tuple[FindingRow, ...]
    fixed: tuple[FindingRow, ...]
    changed: tuple[FindingRow, ...]
    unjudged_before: tuple[FindingRow, ...]
    unjudged_now: tuple[FindingRow, ...]
    kept: int
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


Found = dict[tuple[Place, str], "Finding"]


def wrong_findings(file: FindingsFile) -> Found:
    """What is wrong with the subject, by place and what it is about; stale known issues are the harness's own."""
    return {
        (Place.of(pair.check, pair.target), finding.about): finding
        for pair in file.pairs
        for finding in pair.findings
        if finding.wrong and not finding.stale
    }


def judged_places(file: FindingsFile) -> frozenset[Place]:
    """Where a check came to its end, so that what it did not find is not there."""
    return frozenset(
        Place.of(pair.check, pair.target)
        for pair in file.pairs
        if not any(finding.outcome in _CUT_SHORT for finding in pair.findings)
    )


def diff_findings(old: FindingsFile, new: FindingsFile, names: tuple[str, str] = ("old", "new")) -> FindingsDiff:
    """Compare two runs.

    Args:
        old: The earlier run.
        new: The later one.
        names: What errors call the two.

    Raises:
        ResultsError: They read different configs of one model.
    """
    refuse_other_configs(old.configs, new.configs, names)
    before, after = wrong_findings(old), wrong_findings(new)
    judged_before, judged_after = judged_places(old), judged_places(new)
    both = before.keys() & after.keys()
    changed = [key for key in both if _said(before[key]) != _said(after[key])]
    come, gone = after.keys() - both, before.keys() - both
    return FindingsDiff(
        new=_rows([key for key in come if key[0] in judged_before], before, after),
        fixed=_rows([key for key in gone if key[0] in judged_after], before, after),
        changed=_rows(changed, before, after),
        unjudged_before=_rows([key for key in come if key[0] not in judged_before], before, after),
        unjudged_now=_rows([key for key in gone if key[0] not in judged_after], before, after),
        kept=len(both) - len(changed),
        only_old=tuple(sorted(old.configs.keys() - new.configs.keys())),
        only_new=tuple(sorted(new.configs.keys() - old.configs.keys())),
    )


def refuse_other_configs(old: Mapping[str, str], new: Mapping[str, str], names: tuple[str, str]) -> None:
    """Refuse runs that cannot be compared.

    Raises:
        ResultsError: They read different configs of one model.
    """
    others = [model for model in sorted(old.keys() & new.keys()) if old[model] != new[model]]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        found = f"config {new[others[0]]} of {others[0]}{more}"
        raise ResultsError(names[1], found, f"{old[others[0]]}, as in {names[0]}", "Run both on the same configs.")


def _said(finding: Finding) -> tuple[str, str, str]:
    return finding.outcome.value, finding.expected, finding.actual


def _rows(keys: Iterable[tuple[Place, str]], old: Found, new: Found) -> tuple[FindingRow, ...]:
    grouped: dict[tuple[str, str, str], list[tuple[Place, str]]] = {}
    for place, about in sorted(keys):
        grouped.setdefault((place.check, place.target, about), []).append((place, about))
    return tuple(
        FindingRow(
            *what,
            where=tuple(place.where for place, _ in group if place.where),
            finding=new[group[0]] if group[0] in new else old[group[0]],
            before=old.get(group[0]) if group[0] in new else None,
        )
        for what, group in sorted(grouped.items())
    )
