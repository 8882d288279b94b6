from __future__ import annotations

from pathlib import Path

import pytest

from harness.reference import architectures
from harness.reference.architectures import plan_for, recipe, recipes
from harness.reference.hf_config import HFConfig, stored_models

# What aiconfigurator 0.12.0 maps to a family, in its order.
SUBJECT_MAPS = [
    "LlamaForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen3VLForConditionalGeneration",
    "Qwen3VLMoeForConditionalGeneration",
    "MiMoForCausalLM",
    "DeepSeekForCausalLM",
    "DeepseekV3ForCausalLM",
    "DeepseekV32ForCausalLM",
    "GlmMoeDsaForCausalLM",
    "DeepseekV4ForCausalLM",
    "KimiK25ForConditionalGeneration",
    "KimiK3ForConditionalGeneration",
    "NemotronForCausalLM",
    "DeciLMForCausalLM",
    "NemotronHForCausalLM",
    "MixtralForCausalLM",
    "GptOssForCausalLM",
    "Qwen2MoeForCausalLM",
    "Qwen3MoeForCausalLM",
    "MiniMaxM2ForCausalLM",
    "MiniMaxM3ForCausalLM",
    "MiniMaxM3SparseForConditionalGeneration",
    "Step3p7ForConditionalGeneration",
    "Step3p5ForCausalLM",
    "Step3p7FlashForCausalLM",
    "Step3p5FlashForCausalLM",
    "MiMoV2FlashForCausalLM",
    "Llama4ForConditionalGeneration",
    "Qwen3_5ForConditionalGeneration",
    "Qwen3_5MoeForConditionalGeneration",
    "Gemma4ForConditionalGeneration",
]
UNSUPPORTED = [
    "JambaForCausalLM",
    "FalconH1ForCausalLM",
    "GraniteMoeHybridForCausalLM",
    "Lfm2ForCausalLM",
    "Gemma3ForCausalLM",
    "Olmo3ForCausalLM",
    "Zamba2ForCausalLM",
    "BambaForCausalLM",
]
HYBRIDS = Path(__file__).with_name("hybrids")


def test_every_architecture_that_the_subject_maps_has_a_recipe() -> None:
    assert len(SUBJECT_MAPS) == 32
    assert set(SUBJECT_MAPS) <= set(recipes())


def test_eight_hybrids_that_it_does_not_map_have_one() -> None:
    assert set(UNSUPPORTED) <= set(recipes())
    assert not set(UNSUPPORTED) & set(SUBJECT_MAPS)
    planned = {plan_for(HFConfig.load(path)).architecture for path in HYBRIDS.glob("*_config.json")}
    assert planned == set(UNSUPPORTED)


def test_every_recipe_names_its_source() -> None:
    for name, entry in recipes().items():
        assert name in entry.architectures
        assert "transformers/models/" in entry.source or "huggingface.co/" in entry.source


def test_every_recipe_file_is_found_and_small() -> None:
    files = [path for path in Path(architectures.__file__).parent.glob("*.py") if path.stem != "__init__"]
    found = {entry.build.__module__.rpartition(".")[2] for entry in recipes().values()}
    assert found == {path.stem for path in files}
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 130 for path in files)


def test_two_recipes_for_one_architecture_are_refused() -> None:
    with pytest.raises(ValueError, match="two recipes for LlamaForCausalLM"):
        recipe("LlamaForCausalLM", source="here")(plan_for)


@pytest.mark.parametrize("model", stored_models())
def test_every_stored_model_has_a_plan_of_its_depth(model: str) -> None:
    config = HFConfig.load(model)
    text = config.text()
    plan = plan_for(config)
    assert len(plan.layers) == text.integer_or(len(plan.layers), "num_hidden_layers")
    assert plan.model == model


@pytest.mark.parametrize(
    ("model", "printed"),
    [
        ("Qwen/Qwen3-8B", "36x(full+dense)"),
        ("Qwen/Qwen3.5-397B-A17B", "15x[3x(gdn+moe512x10) 1x(full+moe512x10)]"),
        ("deepseek-ai/DeepSeek-V3", "3x(mla+dense) 58x(mla+moe256x8)"),
        (
            "XiaomiMiMo/MiMo-V2-Flash",
            "1x(full+dense) 4x(window128+moe256x8) 7x[1x(full+moe256x8) 5x(window128+moe256x8)] 1x(full+moe256x8)",
        ),
        ("openai/gpt-oss-20b", "12x[1x(window128+moe32x4) 1x(full+moe32x4)]"),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "12x[3x(chunked8192+moe16x1) 1x(full+moe16x1)]"),
        ("google/gemma-4-26B-A4B", "5x[5x(window1024+dense_moe128x8) 1x(full+dense_moe128x8)]"),
    ],
)
def test_a_plan_prints_itself_compactly(model: str, printed: str) -> None:
    assert str(plan_for(HFConfig.load(model))) == printed


def test_a_pattern_may_be_an_interval_instead_of_a_list() -> None:
    config = HFConfig.load("Qwen/Qwen3.5-27B")
    raw = {"architectures": [config.architecture], "text_config": dict(config.text()._raw)}  # noqa: SLF001 - a copy
    del raw["text_config"]["layer_types"]  # type: ignore[attr-defined]
    assert plan_for(HFConfig("x", raw)).kinds == plan_for(config).kinds
