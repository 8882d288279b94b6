"""How checks of estimates ask a subject: on which databases, in which layout, from which data.

A model is estimated on the fewest GPUs that hold it, so that every check of one (model, database) looks at the same
deployment. Estimates are kept until another database is asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from packaging.version import InvalidVersion, Version

from harness.checks.counting import divides
from harness.checks.records import SkipCheck
from harness.checks.subject_model import Refusal
from harness.reference import roofline
from harness.reference.counting.quantization import fullest_rank_weight_bytes, weight_bytes
from harness.reference.counting.ranks import Layout as Division
from harness.subjects.api import Capability, DataMode, Failure, Layout
from harness.subjects.models import EstimateRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.coordinates import Database
    from harness.reference.layers import LayerPlan
    from harness.subjects.api import Subject
    from harness.subjects.models import BuildRequest, Estimate

FILLED = 0.8
"""Part of the memory that weights may fill; the rest is for cache, activations and the runtime."""

_MOST_TENSOR_RANKS = 8
_SAID_NOT_TO_BE_SUPPORTED = frozenset({"AssertionError", "NotImplementedError"})
_SIZES = (1, 2, 4, 8, 16, 32, 64)


def newest_databases(subject: Subject) -> tuple[Database, ...]:
    """The newest version of every (system, backend) that the subject can load, sorted."""
    newest: dict[tuple[str, str], Database] = {}
    for database in subject.databases():
        key = (database.system, database.backend)
        if key not in newest or age(database.version) > age(newest[key].version):
            newest[key] = database
    return tuple(sorted(newest.values()))


def age(version: str) -> tuple[int, Version, str]:
    """What sorts versions of a backend from the oldest to the newest."""
    # Names such as `next` are no versions; they stand behind every number, for they are aliases of one.
    try:
        return 1, Version(version), version
    except InvalidVersion:
        numbers = re.findall(r"\d+", version)
        return 0, Version(".".join(numbers) if numbers else "0"), version


@dataclass(frozen=True)
class Deployment:
    """One model on one database, in the layout and from the data that all checks look at.

    Attributes:
        model: The model.
        database: Whose tables are used.
        build: What is built.
        data_mode: Which data answers.
        division: The layout as the reference counts it.
    """

    model: SubjectModel
    database: Database
    build: BuildRequest
    data_mode: DataMode
    division: Division
    _known: dict[EstimateRequest, Estimate | Failure] = field(default_factory=dict, repr=False)

    def request(self, *, batch: int, isl: int, osl: int, prefix: int = 0) -> EstimateRequest:
        """One static batch on this deployment."""
        return EstimateRequest(self.build, self.database, batch, isl, osl, prefix, self.data_mode)

    def ask(self, request: EstimateRequest) -> Estimate | Failure:
        """What the subject answers; it is asked once."""
        if request not in self._known:
            self._known[request] = self.model.subject.estimate(request)
        return self._known[request]

    def snippet(self, request: EstimateRequest) -> str:
        """Python that prints the estimate with the subject alone."""
        return self.model.subject.estimate_snippet(request, self.model.name)


BASE = {"batch": 8, "isl": 1024, "osl": 128}
"""The request that decides whether a database has the data for a model."""

_deployments: WeakKeyDictionary[SubjectModel, tuple[Database, Deployment | SkipCheck]] = WeakKeyDictionary()


def deployed(model: SubjectModel, plan: LayerPlan, database: Database) -> Deployment:
    """The deployment of a model that the checks of a database look at.

    Raises:
        SkipCheck: No GPU facts, no layout, no data, or the subject raises, which `estimate_finite` reports.
    """
    known = _deployments.get(model)
    if known is None or known[0] != database:
        try:
            known = database, _deploy(model, plan, database)
        except SkipCheck as reason:
            known = database, reason
        _deployments[model] = known
    if isinstance(known[1], SkipCheck):
        raise known[1]
    return known[1]


def _deploy(model: SubjectModel, plan: LayerPlan, database: Database) -> Deployment:
    if model.refused:
        raise SkipCheck(f"the subject builds it on no backend: {model.refused}")
    refused: Deployment | None = None
    said: Failure | None = None
    hybrid = Capability.HYBRID in model.subject.capabilities
    for layout, division in layouts(model, plan, database.system):
        build = model.request(layout, backend=database.backend, precision="checkpoint")
        for mode in DataMode if hybrid else (DataMode.SILICON,):
            deployment = Deployment(model, database, build, mode, division)
            answer = deployment.ask(deployment.request(**BASE))
            if not isinstance(answer, Failure):
                return deployment
            if answer.missing_data:
                said = answer
            elif said is None:
                # A later layout may be refused for good reasons, such as blocks of a quantized weight that it cuts.
                refused = refused or deployment
    if refused is not None and not (said is not None and _is_of_layout(refused)):
        return refused
    if said is None:
        raise SkipCheck(f"no layout of up to {_SIZES[-1]} GPUs holds it on {database.system}")
    raise SkipCheck(f"the subject has no data: {said.messages[-1]}")


def _is_of_layout(refused: Deployment) -> bool:
    """Whether the subject does not support the layout, as it may where another merely lacks data.

    It says so when it builds the model, or by a statement of its own when it is asked for the estimate.
    """
    answer = refused.ask(refused.request(**BASE))
    said = isinstance(answer, Failure) and answer.error_class in _SAID_NOT_TO_BE_SUPPORTED
    return said or isinstance(refused.model.attempt(refused.build), Refusal)


def layouts(model: SubjectModel, plan: LayerPlan, system: str) -> Iterator[tuple[Layout, Division]]:
    """Every legal layout on the fewest GPUs that hold the weights, as the subject and as the reference write it.

    Raises:
        SkipCheck: Nothing is known about the GPU.
    """
    if system not in roofline.systems():
        raise SkipCheck(f"fixtures/gpu_facts.toml does not know {system}")
    room = FILLED * roofline.system(system).memory_capacity
    whole = sum(weight_bytes(plan, model.quantization).values())
    for gpus in _SIZES:
        # No layout holds less than an equal part on its fullest rank, and adding up what a rank holds takes long.
        if whole > room * gpus:
            continue
        fitting = (pair for pair in _of_size(plan, gpus, moe=model.is_moe) if _fits(model, plan, pair[1], room))
        first = next(fitting, None)
        if first is not None:
            yield first
            yield from fitting
            return


def _of_size(plan: LayerPlan, gpus: int, *, moe: bool) -> Iterator[tuple[Layout, Division]]:
    tp = min(gpus, _MOST_TENSOR_RANKS)
    while tp:
        rest = gpus // tp
        # What tensor parallelism cannot take goes to attention data parallelism where experts are divided; else stages.
        for dp, pp in [(rest, 1), (1, rest)] if moe and rest > 1 else [(1, rest)]:
            ranks = tp * dp
            for ep in [ranks, 1] if moe and ranks > 1 else [1]:
                layout = Layout(tp, pp, dp, ranks // ep if moe else 1, ep, 1)
                if divides(plan, layout):
                    yield layout, Division(tp, pp, ep, dp)
        tp //= 2


def _fits(model: SubjectModel, plan: LayerPlan, division: Division, room: float) -> bool:
    return fullest_rank_bytes(model, plan, division) <= room


def fullest_rank_bytes(model: SubjectModel, plan: LayerPlan, division: Division) -> int:
    """Bytes of weights on the fullest rank, as the checkpoint stores them."""
    known = _ranks.setdefault(model, {})
    if division not in known:
        known[division] = fullest_rank_weight_bytes(plan, model.quantization, division)
    return known[division]


_ranks: WeakKeyDictionary[SubjectModel, dict[Division, int]] = WeakKeyDictionary()
