"""Figures derived by hand are arithmetic that can be checked, and belong to one version of the file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oracle.by_hand import HandModel, calculate, load_by_hand, runs_of
from harness.oracle.records import LayerRun, load_oracle

COUNTS = st.integers(min_value=0, max_value=10**6)


@pytest.mark.parametrize(
    ("arithmetic", "result"), [("7", 7), ("2 * 3 + 4", 10), ("2 * (3 + 4)", 14), ("7 // 2", 3), ("9 - 4 * 2", 1)]
)
def test_arithmetic_is_worked_out(arithmetic: str, result: int) -> None:
    assert calculate(arithmetic) == result


@given(COUNTS, COUNTS, COUNTS)
def test_arithmetic_agrees_with_python(a: int, b: int, c: int) -> None:
    assert calculate(f"{a} * ({b} + {c})") == a * (b + c)


@pytest.mark.parametrize(
    "arithmetic", ["", "2 *", "2 ** 3", "1.5 * 2", "True", "n * 2", "__import__('os')", "1 - 2", "-3", "1; 2", "[1]"]
)
def test_anything_but_counts_is_refused(arithmetic: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        calculate(arithmetic)


def test_the_stored_derivations_are_the_figures_of_the_fixture() -> None:
    oracle, by_hand = load_oracle(), load_by_hand()
    taken = {model for model, entry in oracle.models.items() if entry.verdict == "by_hand"}
    assert taken == set(by_hand.models)
    for name, model in by_hand.models.items():
        entry = oracle.models[name]
        assert entry.components == model.components
        assert entry.parameters == model.parameters
        assert entry.runs == model.runs
        assert entry.config_sha256 == model.config_sha256
        assert entry.reason == model.reason


def test_mimo_is_the_sum_of_its_tensors() -> None:
    # Written out a second time, tensor by tensor, apart from the fixture.
    attention = 4096 * 4096 + 4096 + 2 * (4096 * 1024 + 1024) + 4096 * 4096
    layer = attention + 3 * 4096 * 11008 + 2 * 4096
    model = load_by_hand().models["XiaomiMiMo/MiMo-7B-Base"]
    assert model.parameters == 36 * layer + 2 * 151680 * 4096 + 4096 == 7_622_619_136
    assert model.components["mtp"] == layer + 2 * 4096 * 4096 + 3 * 4096


def model(**fields: object) -> HandModel:
    part = {"component": "norms", "what": "norm", "arithmetic": "8"}
    return HandModel.model_validate_json(
        json.dumps(
            {
                "config_sha256": "0" * 64,
                "kinds": {"a": {"mixer": "full", "ffn": "dense", "parts": [part]}},
                "order": ["a x 2", "a"],
                "outside": [{**part, "component": "vision"}, part],
                "reason": "for a test",
                "tied": False,
                **fields,
            }
        )
    )


def test_equal_neighbours_become_one_run_and_vision_stays_outside() -> None:
    assert model().runs == (LayerRun(3, "full", "dense", 8),)
    assert model().components == {"norms": 32, "vision": 8}
    assert model().parameters == 32


@pytest.mark.parametrize("order", [["b"], ["a x 0"], ["a x"], ["a, a"]])
def test_an_order_of_unknown_kinds_is_refused(order: list[str]) -> None:
    with pytest.raises(ValueError, match="expected 'kind' or 'kind x count'"):
        _ = model(order=order).runs


def test_layers_of_one_kind_and_different_sizes_are_different_runs() -> None:
    layers = [("full", "dense", 8), ("full", "dense", 8), ("full", "dense", 9), ("full", "dense", 8)]
    assert [run.count for run in runs_of(layers)] == [2, 1, 1]
