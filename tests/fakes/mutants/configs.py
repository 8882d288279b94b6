"""Mutants of config files: what somebody who adds a model gets wrong before the subject is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.config_edits import changed, without
from harness.reference.hf_config import HFConfig
from tests.fakes.mutants.mutant import Mutant

if TYPE_CHECKING:
    from harness.checks.subject_model import SubjectModel

_CONTEXT = "max_position_embeddings"
_NEW_FIELD = "attention_temperature_interval"


def _inside(config: HFConfig, field: str) -> str:
    """Path of a field of the text decoder."""
    section = config.text().path
    return f"{section}.{field}" if section else field


def _without_context(config: HFConfig) -> HFConfig:
    return HFConfig(config.source, without(config.raw(), _inside(config, _CONTEXT)), config.model, config.quantization)


def _with_new_field(config: HFConfig) -> HFConfig:
    return HFConfig(
        config.source, changed(config.raw(), _inside(config, _NEW_FIELD), 7), config.model, config.quantization
    )


def _underscored(config: HFConfig) -> HFConfig:
    path = Path(config.source)
    renamed = path.with_name(path.name.replace("--", "_", 1))
    return HFConfig(str(renamed), config.raw(), config.model, config.quantization)


def _without_algorithm(config: HFConfig) -> HFConfig:
    raw = config.raw()
    for field in ("quant_algo", "config_groups"):
        raw = without(raw, f"quantization_config.{field}")
    return HFConfig(config.source, raw, config.model)


def _modelopt(model: SubjectModel) -> bool:
    section = model.config.raw().get("quantization_config")
    return isinstance(section, dict) and section.get("quant_method") == "modelopt"


MUTANTS = (
    Mutant(
        id="config-misnamed",
        mistake="The file is named after the model with one underscore where two dashes are due.",
        check="config_name",
        config=_underscored,
    ),
    Mutant(
        id="config-cut-short",
        mistake="The config was typed from a paper, and the field of the context length is missing.",
        check="config_fields",
        config=_without_context,
        concerns=lambda model: model.config.text().raw().get(_CONTEXT) is not None,
    ),
    Mutant(
        id="config-without-quantization",
        mistake="hf_quant_config.json was left behind when the checkpoint's config was copied.",
        check="quantization_file",
        config=_without_algorithm,
        concerns=_modelopt,
    ),
    Mutant(
        id="config-new-field",
        mistake="A new field that changes the layers is read by nobody.",
        check="unread_fields",
        lesson=6,
        config=_with_new_field,
    ),
)
