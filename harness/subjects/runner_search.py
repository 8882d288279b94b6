"""The search of the generations whose `TaskRunner` hands a search space to `pareto_analysis` (0.4 to 0.9).

The search itself is always the subject's own: what its runner hands to `agg_pareto` or `disagg_pareto` is recorded, and
the same function is called with fewer candidates. No rule of it is re-implemented.
"""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from aiconfigurator.sdk import inference_session, pareto_analysis, task

from harness.coordinates import Mode
from harness.subjects import interpolation
from harness.subjects.api import Answer, Grid, Layout, Narrowing, Outcome, Pairing
from harness.subjects.patching import replaced
from harness.subjects.points import agg_point, disagg_point
from harness.subjects.quiet import captured

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.coordinates import Cell
    from harness.subjects.api import Request, Role
    from harness.subjects.shared_tables import SharedTables

_WHOLE_CONTEXT_LADDER = 8192
"""Stride in tokens that takes the subject's ladder of context-token budgets from its first rungs to its last."""

_SEARCHES = {Mode.AGG: "agg_pareto", Mode.DISAGG: "disagg_pareto"}
_LAYOUT_LISTS: dict[Role, str] = {
    "agg": "parallel_config_list",
    "prefill": "prefill_parallel_config_list",
    "decode": "decode_parallel_config_list",
}
_GRIDS: dict[Grid, dict[str, int]] = {
    Grid.FIRST: {"max_batch_size": 1},
    # Without chunks the stride would be one input, whatever is asked for; chunks change no estimate, only the ladder.
    Grid.OUTLINE: {"ctx_stride": _WHOLE_CONTEXT_LADDER, "enable_chunked_prefill": True},
    Grid.ALL: {},
}


class _Recorded(BaseException):
    """Leaves the runner once it has said what it would search; the runner keeps every `Exception` for itself."""

    def __init__(self, space: dict[str, Any]) -> None:
        self.space = space


def attempt(subject: SharedTables, search: Callable[[], Any], mode: Mode) -> Outcome:
    """Run one search of the subject, and turn what comes out into an outcome."""
    with captured() as capture:
        try:
            frame = search()
        except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
            return subject.failure(error, capture)
    row = None if frame is None or frame.empty else frame.iloc[0].to_dict()
    point = None if row is None else agg_point(row) if mode is Mode.AGG else disagg_point(row)
    return Answer(best=point, provenance=frozenset(), log=subject.without_paths(capture.text))


class RunnerSearch:
    """The search space of one cell.

    Args:
        subject: Tells what the subject raises.
        description: The subject's own description of the search.
        tables: The database that it prices from.
    """

    def __init__(self, subject: SharedTables, description: Any, tables: Any) -> None:  # noqa: ANN401
        self._subject = subject
        self._mode = Mode(description.serving_mode)
        self._space = _space_of(description, self._mode)
        for name in ("database",) if self._mode is Mode.AGG else ("prefill_database", "decode_database"):
            self._space[name] = tables
        runtime = self._space["runtime_config"]
        ladder = runtime.tpot if isinstance(runtime.tpot, list) else [runtime.tpot]
        self._space["runtime_config"] = dataclasses.replace(runtime, tpot=max(ladder))

    def layouts(self, role: Role) -> tuple[Layout, ...]:
        """Every layout of the role, in the subject's order."""
        return tuple(Layout(*(*layout, 1)) for layout in self._space[_LAYOUT_LISTS[role]])

    def pairing(self) -> Pairing:
        """The rules by which prefill and decode pools combine."""
        space, most = self._space, self._space["max_num_gpu"]
        return Pairing(
            replica_gpus=frozenset(count for count in space["num_gpu_list"] or () if most is None or count <= most),
            max_workers=min(space["prefill_max_num_worker"], space["decode_max_num_worker"]),
            same_tp=bool(space.get("require_same_tp")),
            prefill_kept=inference_session.MAX_PREFILL_WORKERS,
        )

    def run(self, narrowing: Narrowing) -> Outcome:
        """Run the subject's search over a part of the space."""
        space = dict(self._space)
        for role, layouts in narrowing.chosen().items():
            space[_LAYOUT_LISTS[role]] = [list(dataclasses.astuple(layout)[:-1]) for layout in layouts]
        if self._mode is Mode.DISAGG:
            space |= {"decode_max_num_tokens": 1} if narrowing.grid is Grid.FIRST else {}
            one = {"prefill_num_worker_list": [1], "decode_num_worker_list": [1]}
            space |= one if narrowing.one_replica else {}
        search = getattr(pareto_analysis, _SEARCHES[self._mode])

        def narrowed() -> Any:  # noqa: ANN401 - a data frame of the subject's own pandas
            with _grid(_GRIDS[narrowing.grid]), interpolation.in_use():
                return search(**space)

        return attempt(self._subject, narrowed, self._mode)


def describe(cell: Cell, request: Request, model_option: str) -> Any:  # noqa: ANN401 - the subject's own type
    """The subject's description of a cell's search.

    Args:
        cell: The cell.
        request: The workload.
        model_option: What the release calls the option for the model.
    """
    return task.TaskConfig(
        serving_mode=cell.mode.value,
        system_name=cell.system,
        decode_system_name=None if cell.mode is Mode.AGG else cell.system,
        backend_name=cell.backend,
        backend_version=cell.version,
        total_gpus=request.total_gpus,
        isl=request.isl,
        osl=request.osl,
        prefix=request.prefix,
        ttft=request.ttft_ms,
        tpot=request.tpot_ms,
        **{model_option: cell.model},
    )


def run_in_full(description: Any) -> Any:  # noqa: ANN401
    """The frame that the subject's own runner returns."""
    answer = task.TaskRunner().run(description)
    return None if answer is None else answer["pareto_df"]


def _space_of(description: Any, mode: Mode) -> dict[str, Any]:  # noqa: ANN401
    def record(**space: Any) -> NoReturn:  # noqa: ANN401
        raise _Recorded(space)

    # The runner copies the tables before it hands them on, which takes seconds; ours take their place afterwards.
    no_tables = SimpleNamespace(set_default_database_mode=lambda _mode: None)
    with (
        replaced(pareto_analysis, _SEARCHES[mode], record),
        replaced(task, "get_database", lambda **_: no_tables),
    ):
        try:
            task.TaskRunner().run(description)
        except _Recorded as recorded:
            return recorded.space
    raise LookupError("the subject enumerated no layouts")


def _grid(options: dict[str, int]) -> AbstractContextManager[None]:
    """Let the subject's search of one layout take these options in place of those that its caller gives it."""
    session = inference_session.InferenceSession
    real = session.find_best_agg_result_under_constraints

    def narrowed(self: Any, **given: Any) -> Any:  # noqa: ANN401
        return real(self, **(given | options))

    return replaced(session, real.__name__, narrowed)
