"""The model half of the adapter for releases split into `aiconfigurator` and `aiconfigurator-core`.

Private names that it relies on, because the release offers no public way: `utils._parse_hf_config_json` and the loaders
beside it, and `utils._download_hf_json`.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from aiconfigurator.sdk import common, models, perf_database, utils
from aiconfigurator.sdk import config as sdk_config
from aiconfigurator.sdk.backends.factory import get_backend
from aiconfigurator.sdk.inference_session import InferenceSession

from harness.subjects import shortcuts, snippets, tables
from harness.subjects.models import (
    BACKENDS,
    CACHE_LENGTHS,
    BuildRequest,
    BuiltModel,
    Datatypes,
    Estimate,
    EstimateRequest,
    Measured,
    Need,
    ParsedConfig,
    Precision,
    ShippedRow,
    SystemSpec,
)
from harness.subjects.pools import pooled_gpus
from harness.subjects.quiet import captured
from harness.subjects.recording import Recorder
from harness.subjects.shipped_matrix import shipped_rows
from harness.subjects.split_ops import leaves, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.coordinates import Database
    from harness.subjects.api import DataMode, Failure, Layout
    from harness.subjects.quiet import Capture

_GIB = 1 << 30
_NO_DATA = frozenset({"EmpiricalNotImplementedError", "MissingSystemFlopsError"})
"""How an estimate outside measured rows ends where nothing can be transferred, or the GPU lacks the datatype."""
_FLOPS = {"bf16": "bfloat16_tc_flops", "fp8": "fp8_tc_flops", "fp4": "fp4_tc_flops", "int8": "int8_tc_flops"}


class SplitCoreModels(abc.ABC):
    """The part of a subject that answers for one model at a time."""

    _systems: Path
    _last_session: tuple[tuple[BuildRequest, Database, DataMode], Any] | None = None

    @abc.abstractmethod
    def failure(self, error: Exception, capture: Capture) -> Failure:
        """What an exception of the subject says, without the paths of this machine."""

    @abc.abstractmethod
    def databases(self) -> tuple[Database, ...]:
        """Every queryable (system, backend, version), sorted."""

    @abc.abstractmethod
    def _select_systems(self, database: Database) -> None:
        """Point the subject at the tables of a database."""

    def architectures(self) -> Mapping[str, str]:
        """Family of every architecture it knows."""
        return dict(sorted(common.ARCHITECTURE_TO_MODEL_FAMILY.items()))

    def families(self) -> frozenset[str]:
        """Every family it declares."""
        return frozenset(common.ModelFamily)

    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""
        return frozenset(common.DefaultHFModels)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Write the config into a folder of its own; the subject caches by path, so equal configs share one."""
        text = json.dumps(config), json.dumps(quantization) if quantization is not None else ""
        folder = Path(self._folder.name) / hashlib.sha256("\0".join(text).encode()).hexdigest()[:16]
        if not folder.is_dir():
            folder.mkdir()
            (folder / "config.json").write_text(text[0], encoding="utf-8")
            if quantization is not None:
                (folder / "hf_quant_config.json").write_text(text[1], encoding="utf-8")
        return str(folder)

    def parse(self, ref: str) -> ParsedConfig:
        """Read a model's config."""
        with _calm():
            info = utils.get_model_config_from_model_path(ref)
            architecture = str(info["architecture"])
            family = str(common.ARCHITECTURE_TO_MODEL_FAMILY.get(architecture, ""))
        extra = info.get("extra_params")
        return ParsedConfig(
            architecture=architecture,
            family=family,
            layers=info["layers"],
            hidden=info["hidden_size"],
            heads=info["n"],
            kv_heads=info["n_kv"],
            head_dim=info["d"],
            ffn=info["inter_size"],
            vocab=info["vocab"],
            context=info["context"],
            top=info["topk"],
            experts=info["num_experts"],
            expert_ffn=info["moe_inter_size"],
            extra_type=type(extra).__name__ if extra is not None else "",
            extra_frozen=_frozen(extra),
            extra=_extra(extra),
        )

    def is_moe(self, ref: str) -> bool:
        """Whether it takes the model for a mixture of experts."""
        with _calm():
            return bool(models.check_is_moe(ref))

    def fields_read(
        self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """Fields of a config that it reads to parse and build the model, nested ones with dots."""
        recorder = Recorder()
        recorded = recorder.mapping(config)
        with tempfile.TemporaryDirectory() as folder, _calm(), _loading(utils, recorded, quantization):
            models.check_is_moe(folder)
            for backend in BACKENDS:
                models.get_model(folder, _model_config(BuildRequest(folder, backend)), backend)
        return recorder.read

    def build(self, request: BuildRequest) -> BuiltModel:
        """Build a model."""
        with _calm():
            settings = _model_config(request)
            model = models.get_model(request.ref, settings, request.backend)
            return _built(model, settings)

    def estimate(self, request: EstimateRequest) -> Estimate | Failure:
        """Estimate a static batch; what the subject raises is a `Failure`."""
        with _calm() as capture:
            try:
                return self._estimate(request)
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                said = self.failure(error, capture)
                return dataclasses.replace(said, missing_data=said.missing_data or said.error_class in _NO_DATA)

    def _estimate(self, request: EstimateRequest) -> Estimate:
        runtime = sdk_config.RuntimeConfig(
            batch_size=request.batch, beam_width=1, isl=request.isl, osl=request.osl, prefix=request.prefix
        )
        return _estimated(self._session(request).run_static(runtime, mode="static"), request)

    def _session(self, request: EstimateRequest) -> Any:  # noqa: ANN401 - the subject's own type
        """The session of the last request, if it was about the same: making one takes ten times as long as using it."""
        build, where = request.build, request.database
        key = build, where, request.data_mode
        if self._last_session is not None and self._last_session[0] == key:
            return self._last_session[1]
        settings = _model_config(build)
        self._select_systems(where)
        with shortcuts.in_use():
            tables = perf_database.get_database_view(
                where.system, where.backend, where.version, database_mode=common.DatabaseMode[request.data_mode.value]
            )
            models.resolve_context_fmha_by_data(settings, build.ref, tables, build.backend, is_context_role=True)
            model = models.get_model(build.ref, settings, build.backend)
        session = InferenceSession(model, tables, get_backend(build.backend))
        self._last_session = key, session
        return session

    @functools.cache  # noqa: B019 - one subject lives as long as the process
    def system_spec(self, system: str) -> SystemSpec:
        """What its file says about a GPU system."""
        spec = yaml.safe_load((self._systems / f"{system}.yaml").read_text(encoding="utf-8"))
        gpu, node = spec.get("gpu") or {}, spec.get("node") or {}
        return SystemSpec(
            memory_bandwidth=gpu.get("mem_bw"),
            memory_capacity=gpu.get("mem_capacity"),
            flops={name: float(gpu[key]) for name, key in _FLOPS.items() if gpu.get(key)},
            link_bandwidth=node.get("intra_node_bw"),
            gpus_per_node=node.get("num_gpus_per_node"),
        )

    def system_names(self) -> tuple[str, ...]:
        """Every GPU system that it has a file for; files without a `gpu` section describe something else."""
        files = sorted(self._systems.glob("*.yaml"))
        return tuple(path.stem for path in files if "\ngpu:" in path.read_text(encoding="utf-8"))

    def shipped_matrix(self) -> tuple[ShippedRow, ...]:
        """Every row of the support matrix that it ships, in its order."""
        return shipped_rows(self._systems)

    def pooled_gpus(self, prefill: Layout, decode: Layout) -> int:
        """GPUs that it counts for one prefill worker and one decode worker side by side."""
        return pooled_gpus(prefill, decode)

    def measured(self, needs: Iterable[Need]) -> tuple[Measured, ...]:
        """Where rows of measured tables answer for the shapes that layers need."""
        return tables.measured(self._systems, self.databases(), needs)

    def parse_snippet(self, model: str) -> str:
        """Python that prints how it reads a model, with the subject alone."""
        return snippets.parse(model)

    def build_snippet(self, request: BuildRequest, model: str, names: tuple[str, ...]) -> str:
        """Python that prints scale factor and weights of some ops, with the subject alone."""
        return snippets.build(request, model, names)

    def estimate_snippet(self, request: EstimateRequest, model: str) -> str:
        """Python that prints one estimate, with the subject alone."""
        return snippets.estimate(request, model)

    @functools.cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="aic-harness-models-")


@contextlib.contextmanager
def _calm() -> Iterator[Capture]:
    """Keep the subject's output away, and refuse the download that it falls back to for a model it cannot find."""
    real = utils._download_hf_json

    def refuse(hf_id: str, filename: str, **_: object) -> None:
        raise ConnectionError(f"the subject tried to download {filename} of {hf_id}")

    utils._download_hf_json = refuse
    try:
        with captured() as capture:
            yield capture
    finally:
        utils._download_hf_json = real


def _model_config(request: BuildRequest) -> Any:  # noqa: ANN401 - the subject's own type
    layout = request.layout
    return sdk_config.ModelConfig(
        tp_size=layout.tp,
        pp_size=layout.pp,
        attention_dp_size=layout.dp,
        moe_tp_size=layout.moe_tp,
        moe_ep_size=layout.moe_ep,
        cp_size=layout.cp,
        nextn=request.nextn,
        **_datatypes(request.precision),
    )


def _datatypes(precision: Precision) -> dict[str, object]:
    if precision == "checkpoint":
        return {}
    return {
        "gemm_quant_mode": common.GEMMQuantMode.bfloat16,
        "moe_quant_mode": common.MoEQuantMode.bfloat16,
        "kvcache_quant_mode": common.KVCacheQuantMode.bfloat16,
        "fmha_quant_mode": common.FMHAQuantMode.bfloat16,
    }


def _built(model: Any, settings: Any) -> BuiltModel:  # noqa: ANN401 - the subject's own types
    modes = settings.gemm_quant_mode, settings.moe_quant_mode, settings.kvcache_quant_mode
    gemm, moe, cache = (mode.value if mode is not None else None for mode in modes)
    return BuiltModel(
        prefill=tuple(leaves(model.context_ops)),
        decode=tuple(leaves(model.generation_ops)),
        encoder=tuple(leaves(model.encoder_ops)),
        datatypes=Datatypes(
            kv_cache=str(cache.name) if cache else "",
            gemm_bytes=float(gemm.memory) if gemm else 0.0,
            moe_bytes=float(moe.memory) if moe else 0.0,
            kv_cache_bytes=float(cache.memory) if cache else 0.0,
        ),
        weight_bytes={
            "prefill": float(sum(op.get_weights() for op in model.context_ops)),
            "decode": float(sum(op.get_weights() for op in model.generation_ops)),
        },
        cache_bytes={length: float(model.get_kvcache_bytes_per_sequence(length)) for length in CACHE_LENGTHS},
    )


def _frozen(extra: object) -> bool | None:
    if extra is None:
        return None
    first = extra[0] if isinstance(extra, list | tuple) and extra else extra
    params = getattr(first, "__dataclass_params__", None)
    return bool(params is not None and params.frozen)


def _extra(extra: object) -> tuple[tuple[str, object], ...]:
    if extra is None:
        return ()
    if isinstance(extra, dict):
        return tuple(sorted((str(key), plain(value)) for key, value in extra.items()))
    if isinstance(extra, list | tuple):
        return (("blocks", tuple(_extra(item) for item in extra)),)
    if dataclasses.is_dataclass(extra) and not isinstance(extra, type):
        fields = dataclasses.fields(extra)
        return tuple(sorted((field.name, plain(getattr(extra, field.name))) for field in fields))
    return (("value", extra),)


def _estimated(summary: Any, request: EstimateRequest) -> Estimate:  # noqa: ANN401 - the subject's own type
    prefill = {str(name): float(ms) for name, ms in summary.get_context_latency_dict().items()}
    decode = {str(name): float(ms) for name, ms in summary.get_generation_latency_dict().items()}
    row = summary.get_result_dict()
    steps = request.osl - 1
    return Estimate(
        ttft_ms=sum(prefill.values()),
        tpot_ms=sum(decode.values()) / steps if steps else None,
        memory={str(name): float(size) * _GIB for name, size in summary.get_memory().items()},
        prefill_ms=prefill,
        decode_ms=decode,
        row={str(key): float(value) for key, value in row.items() if isinstance(value, int | float)},
    )


@contextlib.contextmanager
def _loading(
    module: Any,  # noqa: ANN401 - the subject's module
    config: dict[str, Any],
    quantization: Mapping[str, object] | None,
) -> Iterator[None]:
    """Let the subject's loader of local folders return these objects instead of a file's."""
    real = module._load_local_config, module._load_local_quant_config
    module._load_local_config = lambda _path: config
    module._load_local_quant_config = lambda _path: dict(quantization) if quantization is not None else None
    try:
        yield
    finally:
        module._load_local_config, module._load_local_quant_config = real
