"""The proof: for every stored model, our counts and layer kinds are the oracle's, to the unit and in order."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from harness.oracle.records import OUTSIDE_DECODER, load_oracle
from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import count_parameters, decoder_weights
from harness.reference.hf_config import HFConfig, stored_models

ORACLE = load_oracle()
JUDGED = sorted(model for model, entry in ORACLE.models.items() if entry.verdict != "unavailable")
NATIVE = [model for model in JUDGED if ORACLE.models[model].verdict == "available"]

plan = cache(lambda model: plan_for(HFConfig.load(model)))


def test_no_stored_model_is_left_out() -> None:
    assert sorted(stored_models()) == sorted(ORACLE.models)
    assert len(NATIVE) >= 80


@pytest.mark.parametrize("model", JUDGED)
def test_total_is_equal(model: str) -> None:
    assert count_parameters(plan(model)).total == ORACLE.models[model].parameters


@pytest.mark.parametrize("model", JUDGED)
def test_every_component_is_equal(model: str) -> None:
    entry, ours = ORACLE.models[model], count_parameters(plan(model))
    # What the oracle could not judge stays out of the comparison, and out of it only.
    counted = {name: count for name, count in ours.by_component.items() if name not in entry.not_judged}
    assert counted == entry.components
    assert set(ours.uncounted) <= set(entry.not_judged) <= set(OUTSIDE_DECODER)


@pytest.mark.parametrize("model", JUDGED)
def test_layer_kinds_are_equal_in_order(model: str) -> None:
    assert plan(model).kinds == ORACLE.models[model].layer_kinds


@pytest.mark.parametrize("model", JUDGED)
def test_every_layer_is_equal(model: str) -> None:
    layers: Counter[int | None] = Counter()
    for layer, weight in decoder_weights(plan(model)):
        layers[layer] += weight.parameters
    ours = tuple(layers[index] for index in range(len(plan(model).layers)))
    assert ours == ORACLE.models[model].layer_parameters


@pytest.mark.parametrize("model", JUDGED)
def test_the_head_is_tied_alike(model: str) -> None:
    assert plan(model).tied is ORACLE.models[model].tied


def test_a_difference_of_one_parameter_would_be_seen() -> None:
    entry = ORACLE.models["Qwen/Qwen3-8B"]
    larger = {**entry.components, "norms": entry.components["norms"] + 1}
    assert count_parameters(plan("Qwen/Qwen3-8B")).by_component != larger


def test_the_proof_needs_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, harness.oracle.records, harness.oracle.rules, harness.reference.counting.parameters;"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
