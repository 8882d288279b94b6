"""Adapter for releases split into `aiconfigurator` and `aiconfigurator-core` (0.11 and 0.12), and newer ones.

The search itself is always the subject's own (`sweep_agg`, `sweep_disagg`): this adapter narrows its candidate
lists and never re-implements a rule of it. Names with a leading underscore that it relies on, because the release
offers no public way: `Task._load_database`, `models._get_model_info`, `helpers._apply_model_quant_defaults`,
`naive._estimate_model_weight_bytes`, `PerfDatabase._materialize_source_reports`.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import os
import re
import shlex
import sysconfig
import traceback
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiconfigurator_core
import yaml
from aiconfigurator.generator.naive import _estimate_model_weight_bytes
from aiconfigurator.sdk import common, perf_database, sweep
from aiconfigurator.sdk import config as sdk_config
from aiconfigurator.sdk.models import _get_model_info
from aiconfigurator.sdk.models.helpers import _apply_model_quant_defaults
from aiconfigurator.sdk.operations.util_empirical import capture_provenance
from aiconfigurator.sdk.task_v2 import Task

from harness.coordinates import Database, Mode
from harness.subjects import overlay, shortcuts
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
    Request,
    Role,
    SubjectInfo,
    SystemFacts,
)
from harness.subjects.points import agg_point, disagg_point
from harness.subjects.quiet import Capture, captured
from harness.subjects.split_models import SplitCoreModels

if TYPE_CHECKING:
    import tempfile
    from collections.abc import Callable, Iterator

    from harness.coordinates import Cell

_HARNESS = Path(__file__).parents[2]
_BYTES_PER_PARAMETER = 2
_WHOLE_CONTEXT_LADDER = 8192
"""Stride in tokens that takes the subject's ladder of context-token budgets from its first rungs to its last."""
_QUANT_FIELDS = ("gemm_quant_mode", "moe_quant_mode", "kvcache_quant_mode", "fmha_quant_mode")


class SplitCoreSubject(SplitCoreModels):
    """One installed release of the split generation."""

    capabilities = frozenset(Capability)

    def __init__(self, note: str = "") -> None:
        self._systems = Path(aiconfigurator_core.__file__).parent / "systems"
        self._note = note
        self._overlays: dict[Database, tempfile.TemporaryDirectory[str]] = {}
        self._tables: dict[tuple[str, ...], Any] = {}

    @functools.cached_property
    def info(self) -> SubjectInfo:
        """Name and versions, as the installed distributions give them."""
        return SubjectInfo(
            name="aiconfigurator",
            version=metadata.version("aiconfigurator"),
            data_version=metadata.version("aiconfigurator-core"),
            note=self._note,
        )

    def roster(self) -> tuple[str, ...]:
        """Models of the support matrix, sorted."""
        return tuple(sorted(common.SupportMatrixHFModels))

    def bundled_models(self) -> tuple[str, ...]:
        """Models whose `config.json` lies in the package, sorted."""
        folder = Path(aiconfigurator_core.__file__).parent / "model_configs"
        suffix = "_config.json"
        names = (path.name for path in folder.glob(f"*{suffix}") if not path.name.endswith("_hf_quant_config.json"))
        return tuple(sorted(name.removesuffix(suffix).replace("--", "/", 1) for name in names))

    @functools.cache  # noqa: B019 - one subject lives as long as the process
    def databases(self) -> tuple[Database, ...]:
        """Every queryable (system, backend, version), sorted."""
        with captured(), shortcuts.in_use():
            supported = perf_database.get_supported_databases()
        return tuple(
            sorted(
                Database(system, backend, version)
                for system, backends in supported.items()
                for backend, versions in backends.items()
                for version in versions
            )
        )

    @functools.cache  # noqa: B019
    def model_facts(self, model: str, backend: str) -> ModelFacts:
        """Parameters and quantization of a checkpoint, as the subject resolves them."""
        info = _model_info(model)
        raw = info.get("raw_config") or {}
        model_config = sdk_config.ModelConfig(tp_size=1, moe_tp_size=1, moe_ep_size=1)
        with captured():
            _apply_model_quant_defaults(model_config, raw, info["architecture"], backend)
            weight_bytes = _estimate_model_weight_bytes(model)
        modes = (getattr(model_config, field) for field in _QUANT_FIELDS)
        return ModelFacts(
            architecture=str(info["architecture"]),
            parameters=weight_bytes / _BYTES_PER_PARAMETER,
            quant_modes=frozenset(str(mode.name) for mode in modes if mode is not None),
            quant_algo=str(raw.get("quant_algo") or "").lower(),
            kv_cache_quant_algo=str(raw.get("kv_cache_quant_algo") or "").lower(),
            expert_dtype=str(raw.get("expert_dtype") or "").lower(),
        )

    @functools.cache  # noqa: B019
    def system_facts(self, system: str) -> SystemFacts:
        """The `gpu` section of the system's file."""
        spec = yaml.safe_load((self._systems / f"{system}.yaml").read_text(encoding="utf-8"))
        gpu = spec.get("gpu") or {}
        return SystemFacts(sm_version=gpu.get("sm_version"), spec_keys=frozenset(gpu))

    @functools.cache  # noqa: B019
    def data_origin(self, database: Database) -> DataOrigin:
        """Own and inherited op tables, from the engine's own account of which files it admits."""
        self._select_systems(database)
        with captured(), shortcuts.in_use():
            loaded = perf_database.get_database(database.system, database.backend, database.version)
            if loaded is None:
                return DataOrigin((), ())
            loaded._materialize_source_reports()
        own, inherited = [], []
        for file_name, records in sorted(loaded.data_provenance.items()):
            table = Path(file_name).stem
            sources = [record for record in records if record["exists"]]
            if any(record["channel"] == "primary" for record in sources):
                own.append(table)
            elif sources:
                inherited.append(f"{table}<-{sources[0]['version']}")
        return DataOrigin(tuple(own), tuple(inherited))

    def command(self, cell: Cell, request: Request, data_mode: DataMode) -> str:
        """The command line that upstream's generator writes into the `Command` column."""
        options = {
            "--model-path": cell.model,
            "--total-gpus": request.total_gpus,
            "--system": cell.system,
            "--backend": cell.backend,
            "--backend-version": cell.version,
            "--database-mode": data_mode.value,
            "--isl": request.isl,
            "--osl": request.osl,
            "--prefix": request.prefix,
            "--ttft": request.ttft_ms,
            "--tpot": request.tpot_ms,
            "--top-n": 1,
        }
        words = ["uv", "run", "aiconfigurator", "cli", "default"]
        words += [str(word) for option in options.items() for word in option]
        words += ["--no-color", "--engine-step-backend", "rust"]
        return shlex.join(words)

    def open_search(self, cell: Cell, request: Request, data_mode: DataMode) -> SplitCoreSearch | Failure:
        """Build and validate the subject's `Task` for a cell, and load its tables."""
        self._select_systems(cell.database)
        with captured() as capture, shortcuts.in_use():
            try:
                task = _task(_CachingTask, cell, request, data_mode, tables=self._tables)
                task.validate()
                tables = task._load_database(cell.system, cell.backend, cell.version)
                return SplitCoreSearch(self, task, tables)
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                return self.failure(error, capture)

    def full_search(self, cell: Cell, request: Request, data_mode: DataMode) -> Outcome:
        """Run `Task.run` on the subject's own systems folder, with nothing narrowed."""
        perf_database.set_systems_paths(None)

        def search() -> Any:  # noqa: ANN401 - a data frame of the subject's own pandas
            return _task(Task, cell, request, data_mode).run()

        try:
            return self.attempt(search, cell.mode)
        finally:
            perf_database.clear_database_runtime_caches(cell.system, cell.backend, cell.version)

    def release(self, database: Database) -> None:
        """Unload a database's tables and the engine handles that pin them."""
        self._tables.clear()
        self._last_session = None
        perf_database.unload_database(database.system, database.backend, database.version)
        gc.collect()

    def attempt(self, search: Callable[[], Any], mode: Mode) -> Outcome:
        """Run one search of the subject, and turn what comes out into an outcome."""
        with captured() as capture, capture_provenance() as tiers:
            try:
                frame = search()
            except Exception as error:  # noqa: BLE001
                return dataclasses.replace(self.failure(error, capture), provenance=frozenset(tiers))
        row = None if frame is None or frame.empty else frame.iloc[0].to_dict()
        point = None if row is None else agg_point(row) if mode is Mode.AGG else disagg_point(row)
        return Answer(best=point, provenance=frozenset(tiers), log=self._without_paths(capture.text))

    def failure(self, error: Exception, capture: Capture) -> Failure:
        """What an exception of the subject says, without the paths of this machine."""
        trace = "".join(traceback.format_exception(error))
        log = f"{trace}\n{capture.text}" if capture.text else trace
        return Failure(
            error_class=type(error).__name__,
            messages=tuple(self._without_paths(f"{type(link).__name__}: {link}") for link in _chain(error)),
            missing_data=perf_database.has_perf_data_not_available_cause(error),
            log=self._without_paths(log),
        )

    def _select_systems(self, database: Database) -> None:
        wanted = str(self._systems)
        measured = (self._systems / "data" / database.system).is_dir()
        if measured and not overlay.has_own_folder(self._systems, database):
            if database not in self._overlays:
                self._overlays[database] = overlay.build(self._systems, [database])
            wanted = self._overlays[database].name
        if perf_database.get_systems_paths() != [wanted]:
            self._tables.clear()
            perf_database.set_systems_paths([wanted])

    def _without_paths(self, text: str) -> str:
        for view in self._overlays.values():
            text = text.replace(view.name, "systems")
        text = text.replace(str(self._systems), "systems")
        for folder in (self._systems.parent.parent, _HARNESS, sysconfig.get_path("stdlib")):
            text = text.replace(f"{folder}{os.sep}", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", text)


class SplitCoreSearch:
    """The search space of one cell in one data mode."""

    def __init__(self, subject: SplitCoreSubject, task: Task, tables: Any) -> None:  # noqa: ANN401
        self._subject = subject
        self._task = task
        self._mode = Mode(task.serving_mode)
        if self._mode is Mode.AGG:
            self._space: dict[str, Any] = task.sweep_agg_kwargs(database=tables)
        else:
            self._space = task.sweep_disagg_kwargs(prefill_database=tables, decode_database=tables)
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
        chosen: tuple[tuple[Role, tuple[Layout, ...] | None], ...] = (
            ("agg", narrowing.agg),
            ("prefill", narrowing.prefill),
            ("decode", narrowing.decode),
        )
        space = dict(self._space)
        for role, layouts in chosen:
            if layouts is not None:
                space[_LAYOUT_LISTS[role]] = [dataclasses.astuple(layout) for layout in layouts]
        if narrowing.grid is Grid.FIRST:
            space["max_batch_size" if self._mode is Mode.AGG else "decode_max_num_tokens"] = 1
        if narrowing.grid is Grid.OUTLINE and self._mode is Mode.AGG:
            space["ctx_stride"] = _WHOLE_CONTEXT_LADDER
        if narrowing.one_replica and self._mode is Mode.DISAGG:
            space |= {"prefill_num_worker_list": [1], "decode_num_worker_list": [1]}
        run = sweep.sweep_agg if self._mode is Mode.AGG else sweep.sweep_disagg
        profile = self._task.build_speculative_profile()
        with shortcuts.in_use():
            return self._subject.attempt(
                lambda: run(**space, predictor=self._task.predictor, speculative_profile=profile), self._mode
            )


_LAYOUT_LISTS: dict[Role, str] = {
    "agg": "parallel_config_list",
    "prefill": "prefill_parallel_config_list",
    "decode": "decode_parallel_config_list",
}


class _CachingTask(Task):
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


def _task(kind: type[Task], cell: Cell, request: Request, data_mode: DataMode, **extra: Any) -> Task:  # noqa: ANN401
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
        engine_step_backend="rust",
        database_mode=data_mode.value,
        **{f"{role}{name}": value for role in roles for name, value in spec.items()},
    )


@functools.cache
def _model_info(model: str) -> dict[str, Any]:
    with captured():
        return dict(_get_model_info(model))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
