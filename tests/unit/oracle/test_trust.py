"""A model is believed only when it describes the file; each known way of not doing so is caught."""

from __future__ import annotations

import pytest

from harness.oracle.rules import load_rules
from harness.oracle.trust import ConfigView, judge

RULES = load_rules()


def objections(*views: ConfigView, architecture: str = "LlamaForCausalLM") -> list[str]:
    return judge(RULES, architecture, list(views)).objections


def test_a_config_that_loads_as_it_is_written_is_believed() -> None:
    raw = {"hidden_size": 8, "layer_types": ["a", "b"], "eps": 1.0, "torch_dtype": "bfloat16"}
    loaded = {"hidden_size": 8, "layer_types": ("a", "b"), "eps": 1, "torch_dtype": object()}
    assert objections(ConfigView("", raw, loaded)) == []


@pytest.mark.parametrize(
    ("stored", "loaded"),
    [(8, 9), (8, None), (True, False), (True, 1), (0, False), ([1, 2], [1]), ([1, 2], [1, 3]), ("a", "b")],
)
def test_a_field_that_loads_with_another_value_is_objected_to(stored: object, loaded: object) -> None:
    (objection,) = objections(ConfigView("text_config", {"n": stored}, {"n": loaded}))
    assert objection.startswith("text_config.n is ")
    assert objection.endswith(" when loaded")


def test_a_flattened_config_builds_the_default_model_and_is_caught() -> None:
    view = ConfigView("", {"hidden_size": 8}, {"hidden_size": 8})
    (objection,) = objections(view, ConfigView("text_config", None, {}))
    assert "the file has no text_config" in objection


def test_a_missing_vision_config_takes_only_the_vision_tower_away() -> None:
    trust = judge(RULES, "X", [ConfigView("", {}, {}), ConfigView("vision_config", None, {})])
    assert trust.objections == []
    assert trust.missing_parts == ["vision_config"]


def test_a_field_that_the_class_ignores_is_objected_to() -> None:
    (objection,) = objections(ConfigView("", {"new_gate": True}, {}, unused=("new_gate",)))
    assert objection == "the class ignores new_gate = true"


def test_an_accepted_field_is_reported_and_only_for_its_value() -> None:
    trust = judge(RULES, "X", [ConfigView("t", {"moe_layer_freq": 1}, {}, unused=("moe_layer_freq",))])
    assert (trust.objections, trust.ignored) == ([], ["t.moe_layer_freq"])
    assert objections(ConfigView("t", {"moe_layer_freq": 2}, {}, unused=("moe_layer_freq",))) == [
        "the class ignores t.moe_layer_freq = 2"
    ]


def test_experts_that_are_not_there_are_objected_to() -> None:
    (objection,) = objections(ConfigView("", {}, {"num_experts": 128}, filled=("num_experts",)))
    assert objection == "the class fills in num_experts = 128, which shapes the model"


def test_an_accepted_default_is_reported() -> None:
    trust = judge(RULES, "X", [ConfigView("", {}, {"mlp_bias": False}, filled=("mlp_bias",))])
    assert (trust.objections, trust.assumed) == ([], {"mlp_bias": "false"})
    assert objections(ConfigView("", {}, {"mlp_bias": True}, filled=("mlp_bias",)))


def test_a_long_value_is_cut_in_the_message() -> None:
    (objection,) = objections(ConfigView("", {"n": list(range(99))}, {"n": []}))
    assert len(objection) < 120
