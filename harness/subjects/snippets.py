"""Python programs of a few lines that show a finding with the subject alone, in the words of its generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.subjects.models import BuildRequest, EstimateRequest, Precision


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a generation calls what the programs use; the defaults are those of 0.11 and newer.

    Attributes:
        package: Name of the package.
        sixteen_bit: Name of 16 bits among the datatypes.
        reading: Function of `utils` that reads a config.
        shown: Expression for what it returns, without the config itself.
        views: Tables are views that know their data mode; else one object whose mode is set.
        resolve: Statement that settles the attention datatype by the data; `{model}` and `{backend}` are filled in.
        cache: The model says itself what a sequence keeps.
        memory: Expression for the memory of a `summary`.
        accepted: Draft tokens are priced by how many of them are accepted.
    """

    package: str = "aiconfigurator"
    sixteen_bit: str = "bfloat16"
    reading: str = "get_model_config_from_model_path"
    shown: str = "{key: value for key, value in info.items() if key != 'raw_config'}"
    views: bool = True
    resolve: str = "models.resolve_context_fmha_by_data(settings, {model}, tables, {backend}, is_context_role=True)"
    cache: bool = True
    memory: str = "summary.get_memory()"
    accepted: bool = False


_LEAVES = """
def leaves(op):
    groups = [getattr(op, name, None) for name in ("_group_a", "_group_b", "_primary", "_fallback")]
    inner = [each for group in groups if group for each in (group if isinstance(group, (list, tuple)) else [group])]
    return [leaf for each in inner for leaf in leaves(each)] or [op]

"""
"""Wrapper ops carry no scale factor; they hold other ops, one or a list of them."""

_DATATYPES = {
    "gemm_quant_mode": "GEMMQuantMode",
    "moe_quant_mode": "MoEQuantMode",
    "kvcache_quant_mode": "KVCacheQuantMode",
    "fmha_quant_mode": "FMHAQuantMode",
}
_OF_WEIGHTS = ("gemm_quant_mode", "moe_quant_mode")

NONE_ACCEPTED = (0.0, 0.0, 0.0, 0.0, 0.0)
"""Acceptance rates of draft tokens at which an iteration is priced as one token."""


def datatypes(precision: Precision, dialect: Dialect) -> Mapping[str, tuple[str, str]]:
    """Datatypes to name, kind and member by field of the settings; none where those of the checkpoint count."""
    if precision == "checkpoint":
        return {}
    named = {field: (kind, dialect.sixteen_bit) for field, kind in _DATATYPES.items()}
    return named | ({field: (_DATATYPES[field], precision) for field in _OF_WEIGHTS} if precision != "bf16" else {})


def parse(model: str, dialect: Dialect) -> str:
    """Print how a model is read."""
    return (
        f"from {dialect.package}.sdk import models, utils\n\n"
        f"info = utils.{dialect.reading}({model!r})\n"
        f"print({dialect.shown})\n"
        f"print('is_moe', models.check_is_moe({model!r}))\n"
    )


def build(request: BuildRequest, model: str, names: tuple[str, ...], dialect: Dialect) -> str:
    """Print scale factor and weights of some ops."""
    wanted = f"if leaf._name in {names!r}:\n            " if names else ""
    cache = "print('cache', [model.get_kvcache_bytes_per_sequence(n) for n in (1, 1024, 32768)])\n"
    return (
        f"{_head(request, model, '', dialect)}{_LEAVES}"
        "for op in [*model.context_ops, *model.generation_ops]:\n"
        "    for leaf in leaves(op):\n"
        f"        {wanted}print(leaf._name, leaf._scale_factor, leaf.get_weights())\n"
        + (cache if dialect.cache else "")
    )


_STATIC = 'summary = session.run_static(run, mode="static")\n'
_BY_OP = "print(summary.get_context_latency_dict())\nprint(summary.get_generation_latency_dict())\n"


def estimate(request: EstimateRequest, model: str, dialect: Dialect) -> str:
    """Print one estimate."""
    return (
        f"{_head(request.build, model, _database(request, dialect), dialect)}"
        "session = InferenceSession(model, tables, get_backend(tables.backend))\n"
        f"run = config.RuntimeConfig(batch_size={request.batch}, beam_width=1, isl={request.isl}, osl={request.osl}, "
        f"prefix={request.prefix})\n"
        + (f"summary = session.run_agg(run, ctx_tokens={request.isl})\n" if request.mixed else _STATIC)
        + "print(summary.get_summary_df().iloc[0].to_dict())\n"
        f"print({dialect.memory})\n" + ("" if request.mixed else _BY_OP)
    )


def _database(request: EstimateRequest, dialect: Dialect) -> str:
    where, mode = request.database, f"common.DatabaseMode.{request.data_mode}"
    named = f"{where.system!r}, {where.backend!r}, {where.version!r}"
    if dialect.views:
        return f"tables = perf_database.get_database_view({named}, database_mode={mode})\n"
    return f"tables = perf_database.get_database({named})\ntables.set_default_database_mode({mode})\n"


def _head(request: BuildRequest, model: str, database: str, dialect: Dialect) -> str:
    layout = request.layout
    named, called = datatypes(request.precision, dialect), "half" if request.precision == "bf16" else request.precision
    imports = f"from {dialect.package}.sdk import common, config, models"
    if database:
        imports = (
            f"from {dialect.package}.sdk import common, config, models, perf_database\n"
            f"from {dialect.package}.sdk.backends.factory import get_backend\n"
            f"from {dialect.package}.sdk.inference_session import InferenceSession"
        )
    resolve = dialect.resolve.format(model=repr(model), backend=repr(request.backend)) if database else ""
    accepted = f", nextn_accept_rates={list(NONE_ACCEPTED)!r}" if dialect.accepted and request.nextn else ""
    return (
        f"{imports}\n{_shown(called, named) if named else ''}\n"
        f"settings = config.ModelConfig(tp_size={layout.tp}, pp_size={layout.pp}, attention_dp_size={layout.dp}, "
        f"moe_tp_size={layout.moe_tp}, moe_ep_size={layout.moe_ep}, nextn={request.nextn}{accepted}"
        f"{f', **{called}' if named else ''})\n"
        f"{database}"
        + (f"{resolve}\n" if resolve else "")
        + f"model = models.get_model({model!r}, settings, {request.backend!r})\n"
    )


def _shown(called: str, named: Mapping[str, tuple[str, str]]) -> str:
    lines = "".join(f'    "{field}": common.{kind}.{name},\n' for field, (kind, name) in named.items())
    return f"\n{called} = {{\n{lines}}}"
