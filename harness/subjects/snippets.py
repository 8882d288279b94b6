"""Python programs of a few lines that show a finding with the subject alone, for 0.11 and newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.subjects.models import BuildRequest, EstimateRequest

_SIXTEEN_BIT = """
half = {
    "gemm_quant_mode": common.GEMMQuantMode.bfloat16,
    "moe_quant_mode": common.MoEQuantMode.bfloat16,
    "kvcache_quant_mode": common.KVCacheQuantMode.bfloat16,
    "fmha_quant_mode": common.FMHAQuantMode.bfloat16,
}"""


_LEAVES = """
def leaves(op):
    groups = [getattr(op, name, None) for name in ("_group_a", "_group_b", "_primary", "_fallback")]
    inner = [each for group in groups if group for each in (group if isinstance(group, (list, tuple)) else [group])]
    return [leaf for each in inner for leaf in leaves(each)] or [op]

"""
"""Wrapper ops carry no scale factor; they hold other ops, one or a list of them."""


def parse(model: str) -> str:
    """Print how a model is read."""
    return (
        "from aiconfigurator.sdk import models, utils\n\n"
        f"info = utils.get_model_config_from_model_path({model!r})\n"
        "print({key: value for key, value in info.items() if key != 'raw_config'})\n"
        f"print('is_moe', models.check_is_moe({model!r}))\n"
    )


def build(request: BuildRequest, model: str, names: tuple[str, ...]) -> str:
    """Print scale factor and weights of some ops."""
    wanted = f"if leaf._name in {names!r}:\n            " if names else ""
    return (
        f"{_head(request, model, '')}{_LEAVES}"
        "for op in [*model.context_ops, *model.generation_ops]:\n"
        "    for leaf in leaves(op):\n"
        f"        {wanted}print(leaf._name, leaf._scale_factor, leaf.get_weights())\n"
        "print('cache', [model.get_kvcache_bytes_per_sequence(n) for n in (1, 1024, 32768)])\n"
    )


def estimate(request: EstimateRequest, model: str) -> str:
    """Print one estimate."""
    where = request.database
    return (
        f"{_head(request.build, model, _database(where.system, where.backend, where.version, request.data_mode))}"
        "session = InferenceSession(model, tables, get_backend(tables.backend))\n"
        f"run = config.RuntimeConfig(batch_size={request.batch}, beam_width=1, isl={request.isl}, osl={request.osl}, "
        f"prefix={request.prefix})\n"
        'summary = session.run_static(run, mode="static")\n'
        "print(summary.get_summary_df().iloc[0].to_dict())\n"
        "print(summary.get_memory())\n"
        "print(summary.get_context_latency_dict())\n"
        "print(summary.get_generation_latency_dict())\n"
    )


def _database(system: str, backend: str, version: str, mode: str) -> str:
    return (
        f"tables = perf_database.get_database_view({system!r}, {backend!r}, {version!r}, "
        f"database_mode=common.DatabaseMode.{mode})\n"
    )


def _head(request: BuildRequest, model: str, database: str) -> str:
    layout = request.layout
    half = request.precision == "bf16"
    imports = "from aiconfigurator.sdk import common, config, models"
    if database:
        imports = (
            "from aiconfigurator.sdk import common, config, models, perf_database\n"
            "from aiconfigurator.sdk.backends.factory import get_backend\n"
            "from aiconfigurator.sdk.inference_session import InferenceSession"
        )
    return (
        f"{imports}\n{_SIXTEEN_BIT if half else ''}\n"
        f"settings = config.ModelConfig(tp_size={layout.tp}, pp_size={layout.pp}, attention_dp_size={layout.dp}, "
        f"moe_tp_size={layout.moe_tp}, moe_ep_size={layout.moe_ep}, nextn={request.nextn}"
        f"{', **half' if half else ''})\n"
        f"{database}"
        + (
            f"models.resolve_context_fmha_by_data(settings, {model!r}, tables, {request.backend!r}, "
            "is_context_role=True)\n"
            if database
            else ""
        )
        + f"model = models.get_model({model!r}, settings, {request.backend!r})\n"
    )
