"""One model as reference, oracle and subject see it, side by side: the record that pages about models are made from."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.bytes_by_component import SIXTEEN_BIT, Sorter
from harness.checks.counting import main_list, phases, sums
from harness.checks.estimating import newest_databases
from harness.checks.matrices import PRICED_AS, Part, expected_of
from harness.checks.subject_model import Refusal, SubjectModel
from harness.data_files import Record, data_path, load_toml
from harness.globs import passes, require_matches
from harness.guide.coverage import needs
from harness.guide.describe_estimate import breakdown_on
from harness.guide.labels import dimensions, labels, part_of
from harness.matrix.table import utf8
from harness.reference.counting.memory import kv_cache_bytes, state_bytes
from harness.reference.counting.parameters import OUTSIDE
from harness.reference.hf_config import HFConfig
from harness.reference.proof import frozen
from harness.reference.report import report_on
from harness.results.model_records import Cache, Component, Description, NeedCoverage, PricedPart, Strip
from harness.running.groups import run_here
from harness.running.records import Limits, Lost
from harness.stored_configs import stored_models
from harness.subjects.api import Capability
from harness.subjects.installed import load_subject
from harness.subjects.models import BACKENDS, CACHE_LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.coordinates import Database
    from harness.guide.labels import Part as Half
    from harness.reference.layers import LayerPlan
    from harness.reference.report import PlanReport
    from harness.results.model_records import Breakdown
    from harness.running.records import Work
    from harness.subjects.models import BuiltModel, Measured, ModelSubject, Need

_LIMITS = Limits(seconds=120.0)
_ATTENTION = "attention."


class _Data(Record):
    databases: tuple[str, ...]


def chosen(targets: Sequence[str], folder: Path | None = None) -> tuple[str, ...]:
    """Models that a user names, or all stored ones; each once.

    Raises:
        FilterError: A glob matches no stored model.
    """
    stored = stored_models(folder)
    named: dict[str, None] = {}
    for target in targets:
        is_glob = any(sign in target for sign in "*?[") and not Path(target).exists()
        if is_glob:
            require_matches("model", [target], stored)
        named |= dict.fromkeys(model for model in stored if passes(model, [target])) if is_glob else {target: None}
    return tuple(named) if targets else stored


def describe_all(
    models: Sequence[str],
    subject: ModelSubject,
    *,
    folder: Path | None = None,
    subject_path: Path | None = None,
    jobs: int = 1,
) -> Iterator[tuple[str, Description]]:
    """Describe models, `jobs` processes at a time; one that a process dies over is described without the subject.

    Configs are read at once, and the subject is asked when the descriptions are.

    Args:
        models: Ids of stored configs, or paths.
        subject: The subject; other processes load it for themselves.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject is imported from.
        jobs: Processes at work at once.

    Raises:
        ConfigError: A config cannot be read.
    """
    reports = {model: report_on(model, CACHE_LENGTHS, folder=folder) for model in models}
    work = functools.partial(_describing, folder=folder, subject_path=subject_path)
    return _described_in_processes(reports, subject, work, folder, jobs)


def _described_in_processes(
    reports: Mapping[str, PlanReport], subject: ModelSubject, work: Work, folder: Path | None, jobs: int
) -> Iterator[tuple[str, Description]]:
    models = tuple(reports)
    measured = _measured(subject, [report.plan for report in reports.values()])
    places = {database: place for place, database in enumerate(subject.databases())}
    groups = [models[start::jobs] for start in range(min(jobs, len(models)))]
    with contextlib.closing(run_here(groups, work, _LIMITS, jobs)) as outcomes:
        for model, outcome in outcomes:
            if isinstance(outcome, Lost):
                described = _described(model, reports[model], None, folder, refusal=str(outcome))
            else:
                described = outcome.result
            found = [measured[need] for need in needs(reports[model].plan) if need in measured]
            yield model, described.model_copy(update={"needs": tuple(_covered(each, places) for each in found)})


def places_to_ask(subject: ModelSubject) -> tuple[Database, ...]:
    """Databases that estimates are asked of, the preferred ones first."""
    newest = {f"{each.system}/{each.backend}": each for each in newest_databases(subject)}
    wanted = load_toml(data_path("fixtures", "describe.toml"), _Data).databases
    return tuple(newest[name] for name in wanted if name in newest)


@contextlib.contextmanager
def _describing(*, folder: Path | None, subject_path: Path | None) -> Iterator[Callable[[str], Description]]:
    subject = load_subject(subject_path)

    def describe(name: str) -> Description:
        report = report_on(name, CACHE_LENGTHS, folder=folder)
        return _described(name, report, SubjectModel(subject, HFConfig.load(name, folder)), folder)

    yield describe


def _described(
    name: str, report: PlanReport, model: SubjectModel | None, folder: Path | None, refusal: str = ""
) -> Description:
    """The record of one model; the databases of its needs are filled in by whoever knows all models."""
    plan, parameters = report.plan, report.parameters
    built, family, breakdown = None, "", None
    if model is not None:
        family = model.subject.architectures().get(plan.architecture, "")
        built, refusal = _built(model)
    why_not = refusal
    if model is not None and built is not None:
        breakdown, why_not = _estimated(model, plan)
    return Description(
        family=family,
        refusal=utf8(refusal),
        layers=len(plan.layers),
        plan=str(plan),
        mixers=_strip(plan, "mixer"),
        ffns=_strip(plan, "ffn"),
        priced=tuple(_priced(plan, built)) if built else (),
        total=parameters.total,
        active=parameters.active,
        outside=tuple((name, parameters.by_component[name]) for name in OUTSIDE if name in parameters.by_component),
        components=_components(report, built, _sha256(name, folder)),
        oracle=report.proof.verdict,
        oracle_reason=report.proof.reason,
        stored_as=report.stored_as,
        weight_bytes=report.weight_bytes,
        cache=_cache(plan, built),
        breakdown=breakdown,
        no_breakdown=utf8(why_not),
        needs=(),
        explain=f"aic-harness explain {shlex.quote(name)}",
        count=f"aic-harness plan {shlex.quote(name)}",
    )


def _built(model: SubjectModel) -> tuple[BuiltModel | None, str]:
    """The model on one GPU at 16 bits, on the first backend that builds it; or why there is none."""
    if Capability.BUILD not in model.subject.capabilities:
        return None, f"{model.subject.info.version} does not say which ops it prices"
    reasons = []
    for backend in BACKENDS:
        built = model.attempt(model.request(backend=backend))
        if not isinstance(built, Refusal):
            return built, ""
        reasons.append(built.reason)
    return None, reasons[0]


def _estimated(model: SubjectModel, plan: LayerPlan) -> tuple[Breakdown | None, str]:
    if Capability.ESTIMATE not in model.subject.capabilities:
        return None, f"{model.subject.info.version} estimates no static batch"
    why = "the subject has none of the databases that are asked"
    places = {database: place for place, database in enumerate(model.subject.databases())}
    for database in places_to_ask(model.subject):
        found = breakdown_on(model, plan, database, places[database])
        if not isinstance(found, str):
            return found, ""
        why = found
    return None, why


def _strip(plan: LayerPlan, part: Half) -> Strip:
    named = labels(plan, part)
    distinct = list(dict.fromkeys(named))
    first = [part_of(plan.layers[named.index(label)], part) for label in distinct]
    return Strip(
        labels=tuple(distinct),
        kinds=tuple(each.kind for each in first),
        sizes=tuple(map(dimensions, first)),
        codes=tuple(distinct.index(label) for label in named),
    )


def _priced(plan: LayerPlan, built: BuiltModel) -> Iterator[PricedPart]:
    expected = expected_of(plan)
    for phase, ops in phases(built):
        counted = sums(main_list(ops))
        left_open = Part("attention", "core")
        if left_open in counted:
            total = sum(kernels.total() for kernels in expected.kernels.values())
            kind = "+".join(sorted(expected.kernels))
            yield PricedPart(phase=phase, part="mixer", kind=kind, expected=total, actual=counted[left_open])
        else:
            kinds = {*expected.kernels, *(part.mixer for part in counted if part[:2] == left_open[:2])}
            for kind in sorted(kinds):
                part = left_open._replace(mixer=kind)
                layers, actual = expected.layers(part), counted.get(part, 0.0)
                yield PricedPart(phase=phase, part="mixer", kind=_own_name(plan, kind), expected=layers, actual=actual)
        for kind, part in (("moe", Part("routed_experts", "core")), ("dense", Part("dense_ffn", "out"))):
            layers, actual = expected.layers(part), counted.get(part, 0.0)
            if layers or actual:
                yield PricedPart(phase=phase, part="ffn", kind=kind, expected=layers, actual=actual)


def _own_name(plan: LayerPlan, priced: str) -> str:
    """Kind of mixer as the plan names it."""
    own = {mixer for mixer, _ in plan.kinds}
    return next((name for name, other in PRICED_AS.items() if other == priced and name in own), priced)


def _components(report: PlanReport, built: BuiltModel | None, sha256: str) -> tuple[Component, ...]:
    known = frozen(report.plan.model, sha256)
    # What it can count and does not list is not there.
    said = None if known is None or known.verdict == "unavailable" else Counter(known.components)
    ours = Counter(report.parameters.by_component)
    if built is None:
        return tuple(
            Component(name=name, reference=count, oracle=said[name] if said else None, subject=None)
            for name, count in ours.items()
            if name not in OUTSIDE
        )
    return tuple(
        Component(
            name=bucket.name,
            reference=(count := sum(tensor.parameters for tensor in bucket.tensors)),
            oracle=_oracle_of(bucket.name, count, ours, said) if said else None,
            subject=bucket.actual / SIXTEEN_BIT,
        )
        for bucket in Sorter(report.plan).buckets(built, built.decode)
    )


def _oracle_of(bucket: str, count: int, ours: Counter[str], said: Counter[str]) -> int | None:
    """The oracle's count of a bucket, which holds whole components, or some that the oracle counts alike."""
    kinds = bucket.removeprefix(_ATTENTION).split("+") if bucket.startswith(_ATTENTION) else []
    parts = [f"{_ATTENTION}{kind}" for kind in kinds] or [bucket]
    if sum(ours[part] for part in parts) == count:
        return sum(said[part] for part in parts)
    # The gates of a mixer stand with it, and the oracle counts the gates of all mixers together.
    parts += ["gates"] if kinds else []
    return count if all(said[part] == ours[part] for part in parts) else None


def _cache(plan: LayerPlan, built: BuiltModel | None) -> Cache:
    said = built.cache_bytes if built else {}
    state = state_bytes(plan.layers)
    return Cache(
        lengths=CACHE_LENGTHS,
        reference=tuple(float(kv_cache_bytes(plan.layers, length) + state) for length in CACHE_LENGTHS),
        subject=tuple(said[length] for length in CACHE_LENGTHS) if said else (),
    )


def _measured(subject: ModelSubject, plans: Sequence[LayerPlan]) -> dict[Need, Measured]:
    if Capability.TABLES not in subject.capabilities:
        return {}
    wanted = dict.fromkeys(need for plan in plans for need in needs(plan))
    return {found.need: found for found in subject.measured(wanted)}


def _covered(found: Measured, places: Mapping[Database, int]) -> NeedCoverage:
    return NeedCoverage(
        kind=found.need.kind,
        sizes=", ".join(f"{name} {value}" for name, value in found.need.sizes),
        known=found.known,
        databases=tuple(places[database] for database in found.databases),
    )


def _sha256(name: str, folder: Path | None) -> str:
    return hashlib.sha256(Path(HFConfig.load(name, folder).source).read_bytes()).hexdigest()
