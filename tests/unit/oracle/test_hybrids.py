"""Architectures that upstream does not support: the recipes for them are proved by the same oracle.

Their configs stand in `tests/unit/reference/hybrids`, the oracle's figures in `hybrids.json` beside this file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from harness.oracle.freeze import frozen
from harness.oracle.prepare import stored_configs
from harness.oracle.records import load_oracle
from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import count_parameters, decoder_weights
from harness.reference.hf_config import HFConfig

CONFIGS = Path(__file__).parents[1] / "reference" / "hybrids"
FIGURES = Path(__file__).with_name("hybrids.json")
ORACLE = load_oracle(FIGURES)
MODELS = sorted(ORACLE.models)
# Its class keeps the adapters of all layers inside the first block that they share.
SHARED = "Zyphra/Zamba2-1.2B"

plan = cache(lambda model: plan_for(HFConfig.load(model, CONFIGS)))


def layer_parameters(model: str) -> tuple[int, ...]:
    layers: Counter[int | None] = Counter()
    for layer, weight in decoder_weights(plan(model)):
        layers[layer] += weight.parameters
    return tuple(layers[index] for index in range(len(plan(model).layers)))


def test_the_figures_belong_to_the_configs() -> None:
    stored = {config.model: hashlib.sha256(config.path.read_bytes()).hexdigest() for config in stored_configs(CONFIGS)}
    assert {model: entry.config_sha256 for model, entry in ORACLE.models.items()} == stored, (
        f"regenerate them with `python -m harness.oracle --configs {CONFIGS} --out {FIGURES}`"
    )
    assert FIGURES.read_text(encoding="utf-8") == frozen(ORACLE)


def test_at_least_eight_have_a_native_class() -> None:
    architectures = {entry.architecture for entry in ORACLE.models.values() if entry.verdict == "available"}
    assert len(architectures) >= 8


@pytest.mark.parametrize("model", MODELS)
def test_every_component_is_equal(model: str) -> None:
    entry, ours = ORACLE.models[model], count_parameters(plan(model))
    counted = {name: count for name, count in ours.by_component.items() if name not in entry.not_judged}
    assert counted == entry.components
    assert ours.total == entry.parameters
    assert plan(model).tied is entry.tied


@pytest.mark.parametrize("model", MODELS)
def test_layer_kinds_are_equal_in_order(model: str) -> None:
    assert plan(model).kinds == ORACLE.models[model].layer_kinds


@pytest.mark.parametrize("model", sorted({*MODELS} - {SHARED}))
def test_every_layer_is_equal(model: str) -> None:
    assert layer_parameters(model) == ORACLE.models[model].layer_parameters


def test_layers_that_share_a_block_are_equal_in_sum() -> None:
    entry = ORACLE.models[SHARED]
    theirs: Counter[tuple[str, str]] = Counter()
    ours: Counter[tuple[str, str]] = Counter()
    for kinds, their, our in zip(entry.layer_kinds, entry.layer_parameters, layer_parameters(SHARED), strict=True):
        theirs[kinds] += their
        ours[kinds] += our
    assert ours == theirs
