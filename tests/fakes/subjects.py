"""Fake subjects for the judge: a full search small enough to be read, over spaces that tests make up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.coordinates import Cell, Database, Mode
from harness.subjects.api import (
    Answer,
    Capability,
    DataMode,
    DataOrigin,
    Failure,
    Grid,
    Layout,
    ModelFacts,
    Narrowing,
    Outcome,
    Pairing,
    Point,
    Request,
    Role,
    SubjectInfo,
    SystemFacts,
    Worker,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CELL = Cell("Org/Model", "h200_sxm", "vllm", "1.0.0", Mode.AGG)
LAYOUT = Layout(8, 1, 1, 1, 1, 1)
POINT = Point((Worker("agg", LAYOUT, 1, 1, 1 << 30),), 8, 20.0, 5.0, 100.0)
MISS = Failure("PerfDataNotAvailableError", ("PerfDataNotAvailableError: no rows",), missing_data=True, log="trace")
CRASH = Failure("TypeError", ("TypeError: a bug",), missing_data=False, log="trace")
EMPTY = Answer(best=None, provenance=frozenset())


def passing(*provenance: str, point: Point = POINT) -> Answer:
    """A search that found a point."""
    return Answer(best=point, provenance=frozenset(provenance))


@dataclass
class FakeSearch:
    """Answers the same to whatever part of the space is asked for."""

    outcome: Outcome

    def layouts(self, role: Role) -> tuple[Layout, ...]:
        del role
        return (LAYOUT,)

    def pairing(self) -> Pairing:
        return Pairing(replica_gpus=frozenset(), max_workers=32, same_tp=False, prefill_kept=32)

    def run(self, narrowing: Narrowing) -> Outcome:
        del narrowing
        return self.outcome


@dataclass(frozen=True)
class FakeInputs:
    """Digests that a test makes up."""

    whole: str = "whole"
    cell: str | None = "cell"
    database: str = "database"

    @property
    def circumstances(self) -> Mapping[str, str]:
        return {}

    def of(self, cell: Cell) -> str | None:
        return self.cell and f"{self.cell} {cell}"

    def of_database(self, database: Database) -> str:
        return f"{self.database} {database}"


@dataclass
class FakeSubject:
    """A subject whose searches end as the test says, for each data mode."""

    outcomes: Mapping[DataMode, Outcome | BaseException]
    facts: ModelFacts = field(
        default=ModelFacts("LlamaForCausalLM", 8e9, frozenset({"bfloat16"}), "", "", ""),
    )
    system: SystemFacts = field(default=SystemFacts(90, frozenset({"fp8_tc_flops"})))
    asked: list[DataMode] = field(default_factory=list)
    released: list[Database] = field(default_factory=list)
    known: dict[Database, str] = field(default_factory=dict)
    info: SubjectInfo = field(default=SubjectInfo("fake", "1.0", "1.0"))
    capabilities: frozenset[Capability] = frozenset(Capability)

    def roster(self) -> tuple[str, ...]:
        return (CELL.model,)

    def bundled_models(self) -> tuple[str, ...]:
        return (CELL.model,)

    def databases(self) -> tuple[Database, ...]:
        return (CELL.database,)

    def model_facts(self, model: str, backend: str) -> ModelFacts:
        del model, backend
        return self.facts

    def system_facts(self, system: str) -> SystemFacts:
        del system
        return self.system

    def data_origin(self, database: Database) -> DataOrigin:
        del database
        return DataOrigin(("gemm_perf",), ())

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        return f"ask {cell.model} {request.total_gpus} {data_mode}"

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> FakeSearch | Failure:
        outcome = self.full_search(cell, request, data_mode)
        return outcome if isinstance(outcome, Failure) else FakeSearch(outcome)

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        del cell, request
        self.asked.append(data_mode)
        outcome = self.outcomes[data_mode]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def notes(self, database: Database) -> str:
        return self.known.get(database, "")

    def recall(self, database: Database, notes: str) -> None:
        self.known[database] = f"recalled {notes}"

    def release(self, database: Database) -> None:
        self.released.append(database)

    def inputs(self) -> FakeInputs:
        return FakeInputs()


@dataclass(frozen=True)
class Behaviour:
    """What one layout does at each batch of a schedule.

    Attributes:
        batches: For batch 1, 2, …: `ok`, `slow` (misses the latency limit), `miss` (no data), `oom`, or `raise`.
        throughput: Sequences per second and GPU, which ranks prefill candidates.
        tier: Data tier that the layout touches besides measured rows; empty for none.
    """

    batches: tuple[str, ...]
    throughput: float = 1.0
    tier: str = ""


@dataclass
class ModelSearch:
    """A full search in miniature, by the rules of the subject's own.

    Aggregated: a layout that raises loses its rows. Disaggregated: rows from before the error stay, the best
    `prefill_kept` prefill candidates (batch 1) are paired with every decode candidate.
    """

    mode: Mode
    space: Mapping[Role, Mapping[Layout, Behaviour]]
    rules: Pairing
    runs: list[Narrowing] = field(default_factory=list)

    def layouts(self, role: Role) -> tuple[Layout, ...]:
        return tuple(self.space[role])

    def pairing(self) -> Pairing:
        return self.rules

    def run(self, narrowing: Narrowing) -> Outcome:
        self.runs.append(narrowing)
        return self._agg(narrowing) if self.mode is Mode.AGG else self._disagg(narrowing)

    def _agg(self, narrowing: Narrowing) -> Outcome:
        found, errors, tiers = [], [], set()
        for layout in narrowing.agg or self.layouts("agg"):
            behaviour = self.space["agg"][layout]
            tiers.add(behaviour.tier)
            rows, error = _rows(behaviour, 1 if narrowing.grid is Grid.FIRST else None)
            if error:
                errors.append(error)
            elif rows:
                found.append(layout)
        provenance = frozenset(tiers - {""})
        if found:
            return Answer(_point("agg", found[0], found[0]), provenance)
        return replace(_preferred(errors), provenance=provenance)

    def _disagg(self, narrowing: Narrowing) -> Outcome:
        pools: dict[Role, list[tuple[float, Layout]]] = {}
        tiers = set()
        roles: tuple[tuple[Role, tuple[Layout, ...] | None], ...] = (
            ("prefill", narrowing.prefill),
            ("decode", narrowing.decode),
        )
        for role, chosen in roles:
            candidates, errors = [], []
            for layout in chosen or self.layouts(role):
                behaviour = self.space[role][layout]
                tiers.add(behaviour.tier)
                first_only = role == "prefill" or narrowing.grid is Grid.FIRST
                rows, error = _rows(behaviour, 1 if first_only else None)
                errors += [error] if error else []
                candidates += [(behaviour.throughput, layout)] if rows else []
            provenance = frozenset(tiers - {""})
            if not candidates:
                return replace(_preferred(errors), provenance=provenance)
            pools[role] = candidates
        best = sorted(pools["prefill"], key=lambda candidate: -candidate[0])[: self.rules.prefill_kept]
        for _, p in best:
            for _, d in pools["decode"]:
                if (p.tp == d.tp or not self.rules.same_tp) and self._fits(p, d, narrowing):
                    return Answer(_point("prefill", p, d), provenance)
        return Answer(None, provenance)

    def _fits(self, p: Layout, d: Layout, narrowing: Narrowing) -> bool:
        counts = range(1, 2 if narrowing.one_replica else self.rules.max_workers + 1)
        return any(i * p.gpus + j * d.gpus in self.rules.replica_gpus for i in counts for j in counts)


def _rows(behaviour: Behaviour, limit: int | None) -> tuple[int, Failure | None]:
    rows = 0
    for outcome in behaviour.batches[:limit]:
        if outcome == "oom":
            break
        if outcome == "raise":
            return rows, CRASH
        rows += outcome == "ok"
    return rows, None


def _preferred(errors: list[Failure]) -> Failure:
    if errors:
        return next((error for error in errors if error.missing_data), errors[-1])
    return Failure("NoFeasibleConfigError", ("NoFeasibleConfigError: none",), missing_data=False, log="")


def _point(role: Role, first: Layout, second: Layout) -> Point:
    if role == "agg":
        return replace(POINT, workers=(Worker("agg", first, 1, 1, 1),))
    return replace(POINT, workers=(Worker("prefill", first, 1, 1, 1), Worker("decode", second, 1, 1, 1)))
