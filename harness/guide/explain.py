"""How the pattern of a model's layers was read: what says it, what that means, and where the subject disagrees."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from harness.checks.records import Outcome
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.data_files import Record, data_path, load_toml
from harness.guide.judging import ModelJudge
from harness.guide.labels import PARTS
from harness.guide.patterns import other_spelling, rules
from harness.guide.reading import read
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.checks.known_issues import KnownIssues
    from harness.checks.records import Finding
    from harness.guide.labels import Part
    from harness.guide.pattern_rules import Rule
    from harness.guide.reading import Reading
    from harness.subjects.models import ModelSubject

_NO_FINDING = "the config edited for it cannot be read without a recipe"


class _Data(Record):
    checks: tuple[str, ...]
    aside: tuple[str, ...]
    mixer_signs: dict[str, str]
    ffn_signs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """A rule, and how the same layers could be written otherwise.

    Attributes:
        rule: The rule.
        other: Another spelling that the reference reads; None if there is none.
    """

    rule: Rule
    other: Rule | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks about layers say of the subject.

    Attributes:
        subject: Name and version of the subject.
        mapped: It knows the architecture; otherwise it was asked nothing.
        agreeing: Checks that find nothing wrong.
        disagreements: Findings that are wrong, but for the next.
        by_choice: Findings that are known as upstream's choice or as right for some engines only.
        unjudged: Checks that could not judge this model, with the reason.
    """

    subject: str
    mapped: bool
    agreeing: tuple[str, ...] = ()
    disagreements: tuple[Finding, ...] = ()
    by_choice: tuple[Finding, ...] = ()
    unjudged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one config was read.

    Attributes:
        reading: The config and its plan.
        said: What says which layer is of which kind.
        verdict: What the subject makes of it.
    """

    reading: Reading
    said: tuple[Said, ...]
    verdict: Verdict

    @property
    def counts(self) -> Mapping[Part, Mapping[str, int]]:
        """Layers of each kind."""
        mixers, ffns = zip(*self.reading.plan.kinds, strict=True)
        return {"mixer": Counter(mixers), "ffn": Counter(ffns)}

    def document(self) -> dict[str, object]:
        """The document of `explain --json`."""
        reading, verdict = self.reading, self.verdict
        return {
            "model": reading.plan.model,
            "architecture": reading.plan.architecture,
            "source": reading.source,
            "why": reading.why,
            "uncertain": list(reading.uncertain),
            "layers": [list(kinds) for kinds in reading.plan.kinds],
            "counts": {part: dict(kinds) for part, kinds in self.counts.items()},
            "rules": [_document(said) for said in self.said],
            "subject": verdict.subject,
            "mapped": verdict.mapped,
            "agreeing": list(verdict.agreeing),
            "disagreements": [_told(finding) for finding in verdict.disagreements],
            "by_choice": [_told(finding) for finding in verdict.by_choice],
            "unjudged": [{"check": check, "reason": reason} for check, reason in verdict.unjudged],
        }


@cache
def _data() -> _Data:
    return load_toml(data_path("fixtures", "explain.toml"), _Data)


def declared_signs(part: Part) -> Mapping[str, str]:
    """Sign of each kind of a part."""
    return _data().mixer_signs if part == "mixer" else _data().ffn_signs


def explain(
    subject: ModelSubject,
    target: str,
    *,
    folder: Path | None = None,
    subject_path: Path | None = None,
    known: KnownIssues | None = None,
) -> Explanation:
    """Explain one model.

    Args:
        subject: The subject.
        target: A config file, a folder with one, or the id of a stored config.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject was imported from; only repeated in commands that reproduce findings.
        known: What is known to be wrong; the harness's own file by default.

    Raises:
        ConfigError: The config cannot be read.
    """
    reading = read(HFConfig.load(target, folder))
    model = SubjectModel(subject, reading.config, reading.plan if reading.is_guess else None)
    name = f"{subject.info.name} {subject.info.version}"
    if reading.plan.architecture in subject.architectures():
        verdict = _verdict(name, ModelJudge(model, target, folder, subject_path, known))
    else:
        verdict = Verdict(name, mapped=False)
    return Explanation(reading, tuple(_said(reading)), verdict)


def _said(reading: Reading) -> Iterator[Said]:
    for part in PARTS:
        found = rules(reading, part)
        fields = {rule.field for rule in found}
        for rule in found:
            other = other_spelling(reading, rule)
            yield Said(rule, None if other is None or other.field in fields else other)


def _verdict(name: str, judge: ModelJudge) -> Verdict:
    found = judge.findings(checks()[check] for check in _data().checks)
    # A known issue that no longer holds is the check command's affair: on this point nothing disagrees.
    wrong = [
        each
        for findings in found.values()
        for each in findings
        if each.wrong and not each.stale and not _is_aside(each)
    ]
    unjudged = {check: _reason(findings) for check, findings in found.items() if _is_unjudged(findings)}
    disputed = {finding.check for finding in wrong}
    return Verdict(
        subject=name,
        mapped=True,
        agreeing=tuple(check for check in found if check not in disputed | unjudged.keys()),
        disagreements=tuple(finding for finding in wrong if judge.is_wrong(finding)),
        by_choice=tuple(finding for finding in wrong if not judge.is_wrong(finding)),
        unjudged=tuple(unjudged.items()),
    )


def _is_aside(finding: Finding) -> bool:
    return any(fnmatchcase(finding.about, pattern) for pattern in _data().aside)


def _is_unjudged(findings: tuple[Finding, ...]) -> bool:
    return all(finding.outcome is Outcome.SKIP for finding in findings)


def _reason(findings: tuple[Finding, ...]) -> str:
    return findings[0].actual if findings else _NO_FINDING


def _document(said: Said) -> dict[str, object]:
    rule, other = said.rule, said.other
    return {
        "part": rule.part,
        "form": str(rule.form),
        "field": rule.field,
        "value": rule.value,
        "means": rule.means,
        "meanings": [list(pair) for pair in rule.meanings],
        "other_spelling": None
        if other is None
        else {"form": str(other.form), "field": other.field, "value": other.value, "means": other.means},
    }


def _told(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "about": finding.about,
        "expected": finding.expected,
        "actual": finding.actual,
        "arithmetic": finding.arithmetic,
        "known_issue": finding.known_issue,
    }
