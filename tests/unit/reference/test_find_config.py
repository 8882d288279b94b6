from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path
from harness.errors import ConfigError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from pathlib import Path

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 100,
}
OTHER_FILES: dict[str, tuple[dict[str, object], str]] = {
    "tokenizer_config.json": (
        {"add_bos_token": True, "tokenizer_class": "LlamaTokenizer", "chat_template": "x"},
        "a tokenizer config (it has tokenizer_class)",
    ),
    "tokenizer.json": (
        {"version": "1.0", "added_tokens": [], "model": {"type": "BPE"}},
        "a tokenizer (tokenizer.json) (it has added_tokens and model)",
    ),
    "special_tokens_map.json": ({"bos_token": "<s>", "eos_token": "</s>"}, "a tokenizer's map of special tokens"),
    "generation_config.json": (
        {"bos_token_id": 1, "eos_token_id": 2, "transformers_version": "4.57.0"},
        "a generation config (it has eos_token_id and transformers_version)",
    ),
    "preprocessor_config.json": (
        {"image_mean": [0.5], "image_std": [0.5], "image_processor_type": "Qwen2VLImageProcessorFast"},
        "a preprocessor config (it has image_processor_type)",
    ),
    "processor_config.json": ({"processor_class": "Gemma3Processor"}, "a processor config (it has processor_class)"),
    "adapter_config.json": (
        {"base_model_name_or_path": "a/b", "peft_type": "LORA", "r": 8},
        "an adapter's config (PEFT) (it has peft_type)",
    ),
    "hf_quant_config.json": (
        {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}},
        "a quantization config (hf_quant_config.json) (it has quantization)",
    ),
    "model.safetensors.index.json": (
        {"metadata": {"total_size": 1}, "weight_map": {}},
        "an index of safetensors weights (it has weight_map)",
    ),
    "params.json": (
        {"dim": 64, "n_layers": 2, "n_heads": 4, "vocab_size": 100},
        "Mistral's own config (params.json) (it has dim and n_layers)",
    ),
}


def write(folder: Path, name: str, content: object = LLAMA) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", OTHER_FILES)
def test_another_file_is_called_by_what_it_is(name: str, tmp_path: Path) -> None:
    content, found = OTHER_FILES[name]
    path = write(tmp_path, name, content)
    with pytest.raises(ConfigError) as caught:
        HFConfig.load(path)
    assert caught.value.where == str(path)
    assert caught.value.found.startswith(found)
    assert caught.value.expected == "a model's config.json"
    assert "config" in caught.value.todo


def test_another_file_is_told_by_what_it_holds_and_not_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "config.json", OTHER_FILES["tokenizer_config.json"][0])
    with pytest.raises(ConfigError, match="a tokenizer config"):
        HFConfig.load(tmp_path)
    assert HFConfig.load(write(tmp_path, "tokenizer_config.json")).architecture == "LlamaForCausalLM"


@pytest.mark.parametrize("name", OTHER_FILES)
def test_a_config_with_the_fields_of_another_file_is_a_config(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, "config.json", {**OTHER_FILES[name][0], **LLAMA})
    assert plan_for(HFConfig.load(path)).hidden == 64


def test_a_config_without_architectures_is_not_taken_for_another_file(tmp_path: Path) -> None:
    silent: dict[str, object] = {key: value for key, value in LLAMA.items() if key != "architectures"}
    path = write(tmp_path, "config.json", {**silent, "eos_token_id": 2, "transformers_version": "4.57.0"})
    with pytest.raises(ConfigError, match="field architectures: found nothing; expected a list with the name of one"):
        plan_for(HFConfig.load(path))


def test_a_folder_as_it_is_downloaded_is_its_config(tmp_path: Path) -> None:
    for name, (content, _) in OTHER_FILES.items():
        write(tmp_path, name, content)
    path = write(tmp_path, "config.json")
    loaded = HFConfig.load(tmp_path)
    assert loaded.source == str(path)
    assert loaded.quantization == OTHER_FILES["hf_quant_config.json"][0]


def test_a_folder_with_one_stored_config_is_that_model(tmp_path: Path) -> None:
    write(tmp_path, "a--b_config.json")
    write(tmp_path, "a--b_hf_quant_config.json", {"quantization": {}})
    loaded = HFConfig.load(tmp_path)
    assert loaded.model == "a/b"
    assert loaded.quantization == {"quantization": {}}


@pytest.mark.parametrize("names", [("config.json", "a--b_config.json"), ("a--b_config.json", "a--c_config.json")])
def test_a_folder_with_two_configs_names_both(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        write(tmp_path, name)
    with pytest.raises(ConfigError) as caught:
        HFConfig.load(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert caught.value.found == f"2 configs, {names[0]}, {names[1]}"
    assert caught.value.todo == "Give the file that you mean."


def test_a_folder_of_many_configs_names_some() -> None:
    with pytest.raises(ConfigError) as caught:
        HFConfig.load(data_path("model_configs"))
    assert caught.value.found.startswith(f"{len(stored_models())} configs, ")
    assert caught.value.found.endswith(f" and {len(stored_models()) - 3} more")


def test_a_folder_without_a_config_says_what_else_it_has(tmp_path: Path) -> None:
    write(tmp_path, "params.json", OTHER_FILES["params.json"][0])
    (tmp_path / "weights.bin").touch()
    with pytest.raises(ConfigError, match=r"found no config\.json, only params\.json; expected a model's config"):
        HFConfig.load(tmp_path)


def test_a_quantization_file_named_as_it_is_stored_is_no_model(tmp_path: Path) -> None:
    path = write(tmp_path, "a--b_hf_quant_config.json", OTHER_FILES["hf_quant_config.json"][0])
    with pytest.raises(ConfigError, match="a quantization config"):
        HFConfig.load(path)
