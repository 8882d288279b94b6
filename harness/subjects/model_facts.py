"""What the judge must know of a checkpoint, for releases that infer datatypes from a config (0.7 and newer).

Names with a leading underscore that it relies on, because no release offers a public way: `models._get_model_info`,
`models._apply_model_quant_defaults`, `naive._estimate_model_weight_bytes`.
"""

from __future__ import annotations

import functools
from typing import Any

from aiconfigurator.generator.naive import _estimate_model_weight_bytes
from aiconfigurator.sdk import config as sdk_config
from aiconfigurator.sdk.models import _apply_model_quant_defaults, _get_model_info

from harness.subjects.api import ModelFacts
from harness.subjects.quiet import captured

_BYTES_PER_PARAMETER = 2
_QUANT_FIELDS = ("gemm_quant_mode", "moe_quant_mode", "kvcache_quant_mode", "fmha_quant_mode")


class ResolvedFacts:
    """The part of a subject that sizes a checkpoint and resolves its datatypes."""

    @functools.cache  # noqa: B019 - one subject lives as long as the process
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


@functools.cache
def _model_info(model: str) -> dict[str, Any]:
    with captured():
        return dict(_get_model_info(model))
