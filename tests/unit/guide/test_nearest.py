"""Which known architectures a config comes near to, and in what it differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.guide.nearest import Change, nearest
from harness.guide.reading import read
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from harness.guide.nearest import Neighbour

REFERENCE = Path(__file__).parents[1] / "reference" / "hybrids"
UNKNOWN = Path(__file__).with_name("unknown")
BASE: dict[str, Any] = {
    "architectures": ["NewForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 4,
    "vocab_size": 100,
}


def near(config: HFConfig, folder: Path | None = None) -> tuple[Neighbour, ...]:
    return nearest(config, read(config).plan, folder)


def renamed(model: str, **changes: object) -> HFConfig:
    raw = HFConfig.load(model).raw()
    return HFConfig("config.json", {**raw, **changes, "architectures": ["NewForCausalLM"]})


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        # Mamba-2 beside attention: nobody else has it.
        ("ibm-ai-platform--Bamba-9B-v2", "NemotronHForCausalLM"),
        ("ibm-granite--granite-4.0-h-tiny", "NemotronHForCausalLM"),
        ("tiiuae--Falcon-H1-1.5B-Instruct", "NemotronHForCausalLM"),
        ("Zyphra--Zamba2-1.2B", "NemotronHForCausalLM"),
        # Windows between full layers.
        ("google--gemma-3-1b-it", "GptOssForCausalLM"),
        ("allenai--Olmo-3-1025-7B", "GptOssForCausalLM"),
        ("CohereForAI--c4ai-command-r7b-12-2024", "GptOssForCausalLM"),
        # Its successor.
        ("Qwen--Qwen3-Next-80B-A3B-Instruct", "Qwen3_5MoeForConditionalGeneration"),
        ("openbmb--MiniCPM3-4B", "DeepseekV3ForCausalLM"),
        ("microsoft--phi-4", "LlamaForCausalLM"),
    ],
)
def test_the_nearest_has_the_same_kinds_of_layers(name: str, architecture: str) -> None:
    folder = REFERENCE if (REFERENCE / f"{name}_config.json").exists() else UNKNOWN
    assert near(HFConfig.load(folder / f"{name}_config.json"))[0].architecture == architecture


@pytest.mark.parametrize(
    ("name", "kind"), [("ai21labs--Jamba-v0.1", "NemotronHForCausalLM"), ("LiquidAI--LFM2-1.2B", "Qwen3_5")]
)
def test_mixers_that_nobody_has_are_near_to_other_recurrent_ones(name: str, kind: str) -> None:
    found = near(HFConfig.load(REFERENCE / f"{name}_config.json"))[:3]
    assert any(neighbour.architecture.startswith(kind) for neighbour in found)


@pytest.mark.parametrize(
    ("model", "architecture"),
    [
        ("Qwen/Qwen3.5-397B-A17B", "Qwen3_5MoeForConditionalGeneration"),
        ("openai/gpt-oss-20b", "GptOssForCausalLM"),
        ("moonshotai/Kimi-K3", "KimiK3ForConditionalGeneration"),
        ("google/gemma-4-26B-A4B", "Gemma4ForConditionalGeneration"),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "NemotronHForCausalLM"),
    ],
)
def test_a_known_model_under_another_name_is_nearest_to_its_own_architecture(model: str, architecture: str) -> None:
    first, second, *_ = near(renamed(model))
    assert first.architecture == architecture
    assert first.likeness > second.likeness


def test_an_architecture_is_not_its_own_neighbour_and_each_stands_once() -> None:
    names = [neighbour.architecture for neighbour in near(HFConfig.load("Qwen/Qwen3-8B"))]
    assert "Qwen3ForCausalLM" not in names
    assert len(names) == len(set(names)) >= 20


def written(folder: Path, **changes: object) -> None:
    raw = {**BASE, "architectures": ["Qwen3MoeForCausalLM"], "num_experts": 8, "num_experts_per_tok": 2, **changes}
    (folder / "a--b_config.json").write_text(json.dumps(raw), encoding="utf-8")


def test_differences_are_told_field_by_field(tmp_path: Path) -> None:
    written(tmp_path, moe_intermediate_size=32, head_dim=16)
    raw = {**BASE, "hidden_size": 32, "num_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1}
    (found,) = near(HFConfig("config.json", raw), tmp_path)
    assert (found.architecture, found.model) == ("Qwen3MoeForCausalLM", "a/b")
    assert found.missing == ("head_dim", "moe_intermediate_size")
    assert found.additional == ("n_shared_experts",)
    assert found.changed == (Change("num_experts", "4", "8"),)
    assert {"hidden_size", "num_experts", "num_experts_per_tok"} <= set(found.shared)
    assert found.kinds == ("full", "moe")
    assert found.document()["changed_fields"] == [{"field": "num_experts", "here": "4", "there": "8"}]


def test_a_pattern_that_differs_is_told_by_its_counts() -> None:
    full, local = "full_attention", "sliding_attention"
    changed = near(renamed("openai/gpt-oss-20b", layer_types=[full] + [local] * 23))[0].changed
    there = HFConfig.load("openai/gpt-oss-120b").integer("num_hidden_layers")
    assert changed[0] == Change(
        "layer_types", f"1 x {full}, 23 x {local}", f"{there // 2} x {local}, {there // 2} x {full}"
    )
    assert str(changed[0]).startswith("layer_types: 1 x full_attention")


def test_the_architecture_itself_is_no_difference() -> None:
    inner = {**BASE, "architectures": ["Qwen3ForCausalLM"], "head_dim": 16}
    found = near(HFConfig("config.json", {"architectures": ["NewVLForConditionalGeneration"], "text_config": inner}))
    assert not any("architectures" in neighbour.additional for neighbour in found)


def test_looking_for_neighbours_reads_nothing_of_the_config() -> None:
    config = HFConfig("config.json", {**BASE, "wavelets": 3})
    plan = read(config).plan
    before = config.read_fields()
    nearest(config, plan)
    assert config.read_fields() == before
    assert "wavelets" not in before


def test_without_stored_models_there_are_no_neighbours(tmp_path: Path) -> None:
    assert near(HFConfig("config.json", BASE), tmp_path) == ()
