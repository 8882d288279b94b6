"""Where a model stands with a subject: its situation, its phases, its data, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.guide.coverage import coverage
from harness.guide.judging import ModelJudge
from harness.guide.phases import Standing, next_step, reports
from harness.guide.reading import read
from harness.guide.records import Assessment
from harness.guide.situation import situation_of
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.checks.known_issues import KnownIssues
    from harness.checks.records import Check
    from harness.coordinates import Database
    from harness.guide.records import Evidence
    from harness.subjects.models import ModelSubject


def assess(  # noqa: PLR0913 - a question with that many sides
    subject: ModelSubject,
    target: str,
    *,
    model_id: str = "",
    databases: Sequence[Database] = (),
    folder: Path | None = None,
    subject_path: Path | None = None,
    known: KnownIssues | None = None,
) -> Assessment:
    """Assess one model.

    Args:
        subject: The subject.
        target: A config file, a folder with one, or the id of a stored config.
        model_id: HuggingFace id of the model, where neither the file's name nor the target says it.
        databases: Where estimates are asked for; none leaves them unjudged.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject was imported from; only repeated in commands that reproduce findings.
        known: What is known to be wrong; the harness's own file by default.

    Raises:
        ConfigError: The config cannot be read.
    """
    config = HFConfig.load(target, folder)
    if model_id:
        config.model = model_id
    reading = read(config)
    model = SubjectModel(subject, config, reading.plan if reading.is_guess else None)
    situation, reasons, evidence = situation_of(model, reading.uncertain, folder)
    judge = ModelJudge(model, target, folder, subject_path, known)
    findings = judge.findings(_askable(evidence, estimates=bool(databases)), databases)
    phases = reports(Standing(model, situation, evidence, findings, judge.is_wrong))
    return Assessment(
        model=model.name,
        layers=str(model.plan),
        situation=situation,
        reasons=reasons,
        evidence=evidence,
        phases=phases,
        coverage=coverage(subject, model.plan),
        next_step=next_step(phases),
    )


def _askable(evidence: Evidence, *, estimates: bool) -> Iterable[Check]:
    """Checks that can say something: of an architecture that is not mapped, those that ask the subject nothing."""
    for check in checks().values():
        of_model = check.scope is Scope.MODEL and (evidence.mapped or not check.needs)
        of_estimate = check.scope is Scope.ESTIMATE and evidence.mapped and estimates
        if of_model or of_estimate:
            yield check
