"""The search of the generations with a `Task` that says its own search space (0.10 and newer).

The search itself is always the subject's own (`sweep_agg`, `sweep_disagg`): this narrows its candidate lists and never
re-implements a rule of it. Names with a leading underscore that it relies on, because the release offers no public way:
`Task._load_database`, `sweep._MAX_PREFILL_WORKERS`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from aiconfigurator.sdk import sweep
from aiconfigurator.sdk.operations.util_empirical import capture_provenance
from aiconfigurator.sdk.task_v2 import Task

from harness.coordinates import Mode
from harness.subjects.api import Answer, Failure, Grid, Layout, Narrowing, Outcome, Pairing
from harness.subjects.points import agg_point, disagg_point
from harness.subjects.quiet import Capture, captured

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.coordinates import Cell
    from harness.subjects.api import DataMode, Request, Role

_WHOLE_CONTEXT_LADDER = 8192
"""Stride in tokens that takes the subject's ladder of context-token budgets from its first rungs to its last."""

_LAYOUT_LISTS: dict[Role, str] = {
    "agg": "parallel_config_list",
    "prefill": "prefill_parallel_config_list",
    "decode": "decode_parallel_config_list",
}


class Telling(Protocol):
    """Tells an exception of the subject."""

    def failure(self, error: Exception, capture: Capture) -> Failure:
        """What an exception of the subject says, without the paths of this machine."""

    def without_paths(self, text: str) -> str:
        """A text of the subject without the paths of this machine."""


def attempt(subject: Telling, search: Callable[[], Any], mode: Mode) -> Outcome:
    """Run one search of the subject, and turn what comes out into an outcome."""
    with captured() as capture, capture_provenance() as tiers:
        try:
            frame = search()
        except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
            return dataclasses.replace(subject.failure(error, capture), provenance=frozenset(tiers))
    row = None if frame is None or frame.empty else frame.iloc[0].to_dict()
    point = None if row is None else agg_point(row) if mode is Mode.AGG else disagg_point(row)
    return Answer(best=point, provenance=frozenset(tiers), log=subject.without_paths(capture.text))


class TaskSearch:
    """The search space of one cell in one data mode.

    Args:
        subject: Tells what the subject raises.
        task: The subject's own description of the search.
        tables: The database that it prices from.
        options: Further options of both sweeps.
    """

    def __init__(self, subject: Telling, task: Task, tables: Any, **options: Any) -> None:  # noqa: ANN401
        self._subject = subject
        self._mode = Mode(task.serving_mode)
        if self._mode is Mode.AGG:
            self._space: dict[str, Any] = task.sweep_agg_kwargs(database=tables)
        else:
            self._space = task.sweep_disagg_kwargs(prefill_database=tables, decode_database=tables)
        self._options = {"predictor": task.predictor, **options}
        runtime = self._space["runtime_config"]
        ladder = runtime.tpot if isinstance(runtime.tpot, list) else [runtime.tpot]
        self._space["runtime_config"] = dataclasses.replace(runtime, tpot=[max(ladder)])

    def layouts(self, role: Role) -> tuple[Layout, ...]:
        """Every layout of the role, in the subject's order."""
        return tuple(Layout(*layout) for layout in self._space[_LAYOUT_LISTS[role]])

    def pairing(self) -> Pairing:
        """The rules by which prefill and decode pools combine."""
        workers = min(len(self._space["prefill_num_worker_list"]), len(self._space["decode_num_worker_list"]))
        return Pairing(
            replica_gpus=frozenset(self._space["num_gpu_list"] or ()),
            max_workers=workers,
            # A predicate lifts the rule for some pairs only; taking it as always on can only cost a second look.
            same_tp=bool(self._space["require_same_tp"]),
            prefill_kept=sweep._MAX_PREFILL_WORKERS,
        )

    def run(self, narrowing: Narrowing) -> Outcome:
        """Run the subject's sweep over a part of the space."""
        space = dict(self._space)
        for role, layouts in narrowing.chosen().items():
            space[_LAYOUT_LISTS[role]] = [dataclasses.astuple(layout) for layout in layouts]
        if narrowing.grid is Grid.FIRST:
            space["max_batch_size" if self._mode is Mode.AGG else "decode_max_num_tokens"] = 1
        if narrowing.grid is Grid.OUTLINE and self._mode is Mode.AGG:
            space["ctx_stride"] = _WHOLE_CONTEXT_LADDER
        if narrowing.one_replica and self._mode is Mode.DISAGG:
            space |= {"prefill_num_worker_list": [1], "decode_num_worker_list": [1]}
        run = sweep.sweep_agg if self._mode is Mode.AGG else sweep.sweep_disagg
        return attempt(self._subject, lambda: run(**space, **self._options), self._mode)


class CachingTask(Task):
    """A task that remembers which tables it loaded.

    The subject looks them up for every layout, which re-reads its system files and lists its folders, only to
    return the view that it keeps in a cache of its own: a fifth of a run's time, measured.
    """

    def __init__(self, *, tables: dict[tuple[str, ...], Any], **fields: Any) -> None:  # noqa: ANN401
        self._known_tables = tables
        super().__init__(**fields)

    def _load_database(self, system: str, backend: str, version: str) -> Any:  # noqa: ANN401
        key = (system, backend, version, str(self.database_mode))
        if key not in self._known_tables:
            self._known_tables[key] = super()._load_database(system, backend, version)
        return self._known_tables[key]


def task_for(kind: type[Task], cell: Cell, request: Request, data_mode: DataMode, **extra: Any) -> Task:  # noqa: ANN401
    """The subject's description of a cell's search."""
    spec = {
        "model_path": cell.model,
        "system_name": cell.system,
        "backend_name": cell.backend,
        "backend_version": cell.version,
    }
    roles = ("",) if cell.mode is Mode.AGG else ("prefill_", "decode_")
    return kind(
        **extra,
        serving_mode=cell.mode.value,
        total_gpus=request.total_gpus,
        isl=request.isl,
        osl=request.osl,
        prefix=request.prefix,
        ttft=request.ttft_ms,
        tpot=request.tpot_ms,
        database_mode=data_mode.value,
        **{f"{role}{name}": value for role in roles for name, value in spec.items()},
    )
