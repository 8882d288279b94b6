"""The model half of every adapter: what all generations of the SDK have alike.

What differs is left to the classes below it. Private names that it relies on, because no release offers a public way:
the `_download_...` functions of `utils`.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from aiconfigurator.sdk import common, models, utils
from aiconfigurator.sdk import config as sdk_config

from harness.subjects import snippets
from harness.subjects.models import (
    CACHE_LENGTHS,
    BuildRequest,
    BuiltModel,
    Datatypes,
    Estimate,
    EstimateRequest,
    ParsedConfig,
    SystemSpec,
)
from harness.subjects.neutral_ops import plain
from harness.subjects.patching import replaced
from harness.subjects.quiet import captured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.coordinates import Database
    from harness.subjects.api import DataMode, Failure
    from harness.subjects.models import Op, Precision
    from harness.subjects.quiet import Capture

_GIB = 1 << 30
_NO_DATA = frozenset({"EmpiricalNotImplementedError", "MissingSystemFlopsError"})
"""How an estimate outside measured rows ends where nothing can be transferred, or the GPU lacks the datatype."""
_FLOPS = {
    "bf16": ("bfloat16_tc_flops", "float16_tc_flops"),
    "fp8": ("fp8_tc_flops",),
    "fp4": ("fp4_tc_flops",),
    "int8": ("int8_tc_flops",),
}
"""Keys of a system file by datatype, the newest name first."""


class SdkModels(abc.ABC):
    """The part of a subject that answers for one model at a time.

    Attributes:
        dialect: How a program that shows a finding is written for this generation.
    """

    dialect: ClassVar[snippets.Dialect]
    _systems: Path
    _last_session: tuple[tuple[BuildRequest, Database, DataMode], Any] | None = None

    @abc.abstractmethod
    def failure(self, error: Exception, capture: Capture) -> Failure:
        """What an exception of the subject says, without the paths of this machine."""

    @abc.abstractmethod
    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Hand it a config that is no file of its own; what comes back names the model from then on."""

    @abc.abstractmethod
    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""

    @abc.abstractmethod
    def _reading(self, ref: str) -> Mapping[str, Any]:
        """How it reads a config, by the keys that releases from 0.7 on use."""

    @abc.abstractmethod
    def _leaves(self, ops: Any, backend: str) -> Iterator[Op]:  # noqa: ANN401 - the subject's own types
        """The ops of a phase in neutral words."""

    @abc.abstractmethod
    def _cache_bytes(self, model: Any, backend: str, length: int) -> float:  # noqa: ANN401
        """Bytes that one sequence of a built model keeps on one GPU."""

    @abc.abstractmethod
    def _open_session(self, request: EstimateRequest) -> Any:  # noqa: ANN401
        """A session for a model on the tables of a database."""

    def architectures(self) -> Mapping[str, str]:
        """Family of every architecture it knows."""
        return dict(sorted(common.ARCHITECTURE_TO_MODEL_FAMILY.items()))

    def families(self) -> frozenset[str]:
        """Every family it declares."""
        return frozenset(common.ModelFamily)

    def parse(self, ref: str) -> ParsedConfig:
        """Read a model's config."""
        with calm():
            info = self._reading(ref)
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
        with calm():
            return bool(models.check_is_moe(ref))

    def build(self, request: BuildRequest) -> BuiltModel:
        """Build a model."""
        with calm():
            settings = self._model_config(request)
            model = models.get_model(request.ref, settings, request.backend)
            return self._built(model, settings, request.backend)

    def estimate(self, request: EstimateRequest) -> Estimate | Failure:
        """Estimate a batch; what the subject raises is a `Failure`."""
        with calm() as capture:
            try:
                return self._estimate(request)
            except Exception as error:  # noqa: BLE001 - whatever the subject raises is the answer to the question
                said = self.failure(error, capture)
                return dataclasses.replace(said, missing_data=said.missing_data or said.error_class in _NO_DATA)

    @functools.cache  # noqa: B019 - one subject lives as long as the process
    def system_spec(self, system: str) -> SystemSpec:
        """What its file says about a GPU system."""
        spec = yaml.safe_load((self._systems / f"{system}.yaml").read_text(encoding="utf-8"))
        gpu, node = spec.get("gpu") or {}, spec.get("node") or {}
        flops = {name: next((gpu[key] for key in keys if gpu.get(key)), None) for name, keys in _FLOPS.items()}
        return SystemSpec(
            memory_bandwidth=gpu.get("mem_bw"),
            memory_capacity=gpu.get("mem_capacity"),
            flops={name: float(rate) for name, rate in flops.items() if rate},
            link_bandwidth=node.get("intra_node_bw"),
            gpus_per_node=node.get("num_gpus_per_node"),
        )

    def system_names(self) -> tuple[str, ...]:
        """Every GPU system that it has a file for; files without a `gpu` section describe something else."""
        files = sorted(self._systems.glob("*.yaml"))
        return tuple(path.stem for path in files if "\ngpu:" in path.read_text(encoding="utf-8"))

    def parse_snippet(self, model: str) -> str:
        """Python that prints how it reads a model, with the subject alone."""
        return snippets.parse(model, self.dialect)

    def build_snippet(self, request: BuildRequest, model: str, names: tuple[str, ...]) -> str:
        """Python that prints scale factor and weights of some ops, with the subject alone."""
        return snippets.build(request, model, names, self.dialect)

    def estimate_snippet(self, request: EstimateRequest, model: str) -> str:
        """Python that prints one estimate, with the subject alone."""
        return snippets.estimate(request, model, self.dialect)

    def _model_config(self, request: BuildRequest) -> Any:  # noqa: ANN401 - the subject's own type
        layout = request.layout
        return sdk_config.ModelConfig(
            tp_size=layout.tp,
            pp_size=layout.pp,
            attention_dp_size=layout.dp,
            moe_tp_size=layout.moe_tp,
            moe_ep_size=layout.moe_ep,
            nextn=request.nextn,
            **({"cp_size": layout.cp} if layout.cp > 1 else {}),
            **self._named_datatypes(request.precision),
        )

    def _named_datatypes(self, precision: Precision) -> dict[str, object]:
        """Datatypes that the subject is told; it infers those of the checkpoint."""
        names = snippets.datatypes(precision, self.dialect)
        return {field: getattr(common, kind)[name] for field, (kind, name) in names.items()}

    def _built(self, model: Any, settings: Any, backend: str) -> BuiltModel:  # noqa: ANN401 - the subject's own types
        modes = settings.gemm_quant_mode, settings.moe_quant_mode, settings.kvcache_quant_mode
        gemm, moe, cache = (mode.value if mode is not None else None for mode in modes)
        return BuiltModel(
            prefill=tuple(self._leaves(model.context_ops, backend)),
            decode=tuple(self._leaves(model.generation_ops, backend)),
            encoder=tuple(self._leaves(getattr(model, "encoder_ops", ()), backend)),
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
            cache_bytes={length: self._cache_bytes(model, backend, length) for length in CACHE_LENGTHS},
        )

    def _session(self, request: EstimateRequest) -> Any:  # noqa: ANN401 - the subject's own type
        """The session of the last request, if it was about the same: making one takes ten times as long as using it."""
        key = request.build, request.database, request.data_mode
        if self._last_session is None or self._last_session[0] != key:
            self._last_session = key, self._open_session(request)
        return self._last_session[1]

    def _estimate(self, request: EstimateRequest) -> Estimate:
        runtime = sdk_config.RuntimeConfig(
            batch_size=request.batch, beam_width=1, isl=request.isl, osl=request.osl, prefix=request.prefix
        )
        if request.mixed:
            return self._mixed(request, runtime)
        summary = self._session(request).run_static(runtime, mode="static")
        prefill = {str(name): float(ms) for name, ms in summary.get_context_latency_dict().items()}
        decode = {str(name): float(ms) for name, ms in summary.get_generation_latency_dict().items()}
        steps = request.osl - 1
        return Estimate(
            ttft_ms=sum(prefill.values()),
            tpot_ms=sum(decode.values()) / steps if steps else None,
            memory={str(name): float(size) * _GIB for name, size in self._memory(summary).items()},
            prefill_ms=prefill,
            decode_ms=decode,
            row=self._figures(summary),
        )

    def _mixed(self, request: EstimateRequest, runtime: Any) -> Estimate:  # noqa: ANN401 - the subject's own type
        summary = self._session(request).run_agg(runtime, ctx_tokens=request.isl)
        row = self._figures(summary)
        memory = {str(name): float(size) * _GIB for name, size in self._memory(summary).items()}
        return Estimate(row["ttft"], row["tpot"] if request.osl > 1 else None, memory, {}, {}, row)

    def _figures(self, summary: Any) -> dict[str, float]:  # noqa: ANN401
        return {str(key): float(value) for key, value in self._row(summary).items() if isinstance(value, int | float)}

    def _memory(self, summary: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """GiB of one GPU by what fills it."""
        return dict(summary.get_memory())

    def _row(self, summary: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Every other figure of a summary."""
        return dict(summary.get_result_dict())


@contextlib.contextmanager
def calm() -> Iterator[Capture]:
    """Keep the subject's output away, and refuse the download that it falls back to for a model it cannot find."""
    # The downloader of the oldest releases is the wrapper around the one that newer ones have beside it.
    name = next(name for name in ("_download_hf_json", "_download_hf_config") if hasattr(utils, name))

    def refuse(hf_id: str, filename: str = "config.json", **_: object) -> None:
        raise ConnectionError(f"the subject tried to download {filename} of {hf_id}")

    with replaced(utils, name, refuse), captured() as capture:
        yield capture


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
