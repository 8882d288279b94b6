"""The reference agrees with the oracle about models that nobody published: it reads fields and remembers no figures.

One stored model of each architecture, its sizes changed, put to the class and to the recipe. These run where the extra
`oracle` is installed (`nox -s oracle`).
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path
from harness.errors import ConfigError
from harness.oracle.collect import collect
from harness.oracle.prepare import stored_configs
from harness.oracle.records import load_oracle
from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import count_parameters
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.oracle.records import Oracle

pytestmark = [
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("transformers") is None, reason="the extra `oracle` is not installed"
    ),
    pytest.mark.filterwarnings("default"),
]

WIDER = {
    "dense_intermediate_size", "hidden_size", "intermediate_size", "intermediate_size_mlp", "kv_lora_rank",
    "moe_intermediate_size", "moe_shared_expert_intermediate_size", "n_routed_experts", "num_experts",
    "num_local_experts", "shared_expert_intermediate_size", "shared_intermediate_size", "vocab_size",
}  # fmt: skip
FEWER = {"num_key_value_heads", "swa_num_key_value_heads"}


def wider(field: str, value: int) -> int:
    return value * 2 if field in WIDER else value


def fewer_heads(field: str, value: int) -> int:
    return value // 2 if field in FEWER and value % 2 == 0 else value


VARIATIONS: dict[str, Callable[[str, int], int]] = {"wider": wider, "fewer-heads": fewer_heads}


def varied(config: dict[str, object], change: Callable[[str, int], int]) -> dict[str, object]:
    """Change the text decoder's sizes; of the tower's only the one that says the decoder's width again."""
    result: dict[str, object] = {}
    for name, value in config.items():
        if name == "text_config" and isinstance(value, dict):
            result[name] = varied(value, change)
        elif name == "vision_config" and isinstance(value, dict) and "text_hidden_size" in value:
            width = change("hidden_size", value["text_hidden_size"])
            result[name] = {**value, "text_hidden_size": width}
        elif isinstance(value, int) and not isinstance(value, bool):
            result[name] = change(name, value)
        elif name != "quantization_config":
            result[name] = value
    return result


def one_of_each() -> list[tuple[str, dict[str, object]]]:
    verdicts = {model: entry.verdict for model, entry in load_oracle().models.items()}
    chosen: dict[tuple[str, str], tuple[str, dict[str, object]]] = {}
    for stored in stored_configs(data_path("model_configs")):
        if verdicts[stored.model] == "available":
            chosen.setdefault((stored.architecture, stored.model_type), (stored.model, stored.raw))
    return sorted(chosen.values(), key=lambda item: item[0])


MODELS = [f"{model}-{name}" for model, _ in one_of_each() for name in VARIATIONS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variations")
    for model, raw in one_of_each():
        for name, change in VARIATIONS.items():
            path = folder / f"{model.replace('/', '--')}-{name}_config.json"
            path.write_text(json.dumps(varied(raw, change)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def oracle(folder: Path) -> Oracle:
    return collect(folder)


def test_most_variations_can_be_judged(oracle: Oracle) -> None:
    judged = [model for model, entry in oracle.models.items() if entry.verdict == "available"]
    assert len(judged) >= 0.75 * len(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_a_variation_is_counted_alike(model: str, oracle: Oracle, folder: Path) -> None:
    entry = oracle.models[model]
    if entry.verdict != "available":
        pytest.skip(entry.reason[:200])
    try:
        plan = plan_for(HFConfig.load(model, folder))
    except ConfigError as error:
        pytest.skip(f"the reference refuses it: {error}"[:200])
    ours = count_parameters(plan)
    assert {name: n for name, n in ours.by_component.items() if name not in entry.not_judged} == entry.components
    assert plan.kinds == entry.layer_kinds
