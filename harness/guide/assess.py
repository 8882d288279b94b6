"""Where a model stands with a subject: its situation, its phases, its data, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.choice import databases_of
from harness.checks.estimating import newest_databases
from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.guide.checklist import checklist
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

    from harness.checks.choice import Choice
    from harness.checks.known_issues import KnownIssues
    from harness.checks.records import Check
    from harness.coordinates import Database
    from harness.guide.records import Evidence
    from harness.subjects.models import Measured, ModelSubject


def assess(  # noqa: PLR0913 - a question with that many sides
    subject: ModelSubject,
    target: str,
    *,
    model_id: str = "",
    estimates: Choice | None = None,
    folder: Path | None = None,
    subject_path: Path | None = None,
    known: KnownIssues | None = None,
) -> Assessment:
    """Assess one model.

    Args:
        subject: The subject.
        target: A config file, a folder with one, or the id of a stored config.
        model_id: HuggingFace id of the model, where neither the file's name nor the target says it.
        estimates: On which databases estimates are judged: one that has measured every kind of its layers, if the
            choice names none. Left unjudged without it.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject was imported from; only repeated in commands that reproduce findings.
        known: What is known to be wrong; the harness's own file by default.

    Raises:
        ConfigError: The config cannot be read.
        FilterError: A pattern of the choice matches nothing that exists.
    """
    config = HFConfig.load(target, folder)
    if model_id:
        config.model = model_id
    reading = read(config)
    model = SubjectModel(subject, config, reading.plan if reading.is_guess else None)
    situation, reasons, evidence = situation_of(model, reading.uncertain, folder)
    measured, newest = coverage(subject, model.plan), newest_databases(subject)
    places = _places(estimates, subject, measured, newest)
    judge = ModelJudge(model, target, folder, subject_path, known)
    findings = judge.findings(_askable(evidence, estimates=bool(places)), places)
    standing = Standing(model, situation, evidence, findings, judge.is_wrong)
    phases = reports(standing)
    return Assessment(
        model=model.name,
        layers=str(model.plan),
        situation=situation,
        reasons=reasons,
        evidence=evidence,
        phases=phases,
        coverage=measured,
        databases=newest,
        boxes=checklist(phases, standing.words()),
        next_step=next_step(phases),
    )


def _places(
    estimates: Choice | None, subject: ModelSubject, measured: Sequence[Measured], newest: Sequence[Database]
) -> tuple[Database, ...]:
    if estimates is None:
        return ()
    if estimates.names_databases:
        return databases_of(estimates, subject)
    return (max(newest, key=lambda database: sum(database in each.databases for each in measured)),) if newest else ()


def _askable(evidence: Evidence, *, estimates: bool) -> Iterable[Check]:
    """Checks that can say something: of an architecture that is not mapped, those that ask the subject nothing."""
    for check in checks().values():
        of_model = check.scope is Scope.MODEL and (evidence.mapped or not check.needs)
        of_estimate = check.scope is Scope.ESTIMATE and evidence.mapped and estimates
        if of_model or of_estimate:
            yield check
