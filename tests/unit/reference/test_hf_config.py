from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig, stored_models
from harness.reference.json_file import MAX_BYTES, MAX_DEPTH

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}


def written(folder: Path, content: object, name: str = "config.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def config(**changes: object) -> HFConfig:
    return HFConfig("config.json", {**LLAMA, **changes})


def test_a_file_a_folder_and_a_stored_id_are_loaded(tmp_path: Path) -> None:
    path = written(tmp_path, LLAMA)
    assert HFConfig.load(path).integer("hidden_size") == 64
    assert HFConfig.load(str(tmp_path)).integer("hidden_size") == 64
    assert HFConfig.load("Qwen/Qwen3-8B").model == "Qwen/Qwen3-8B"


def test_a_stored_file_is_called_by_its_id() -> None:
    source = HFConfig.load("nvidia/GLM-5-NVFP4").source
    loaded = HFConfig.load(source)
    assert loaded.model == "nvidia/GLM-5-NVFP4"
    assert loaded.quantization is not None


def test_the_quantization_file_of_a_folder_is_loaded_with_it(tmp_path: Path) -> None:
    written(tmp_path, LLAMA)
    assert HFConfig.load(tmp_path).quantization is None
    written(tmp_path, {"quantization": {"quant_algo": "FP8"}}, "hf_quant_config.json")
    for target in (tmp_path, tmp_path / "config.json"):
        assert HFConfig.load(target).quantization == {"quantization": {"quant_algo": "FP8"}}


def test_a_byte_order_mark_and_infinity_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({**LLAMA, "time_step_limit": [0.0, float("inf")]}).encode())
    assert b"Infinity" in path.read_bytes()
    assert HFConfig.load(path).get("time_step_limit") == [0.0, float("inf")]


def test_the_text_decoder_is_found_however_deep_it_is_nested() -> None:
    nested = {"architectures": ["LlamaForCausalLM"], "thinker_config": {"text_config": LLAMA}}
    assert HFConfig("x", nested).text().integer("hidden_size") == 64
    assert plan_for(HFConfig("x", nested)).kinds == plan_for(config()).kinds


def test_aliases_are_one_field_and_must_agree() -> None:
    fields = ("num_experts", "num_local_experts", "n_routed_experts")
    for name in fields:
        assert config(**{name: 8}).integer(*fields) == 8
    assert config(num_experts=8, num_local_experts=8).integer(*fields) == 8
    with pytest.raises(ConfigError, match="field num_local_experts: found 16; expected the same as num_experts"):
        config(num_experts=8, num_local_experts=16).integer(*fields)


def test_what_nobody_read_is_listed() -> None:
    read = config(strange_field=1, quantization_config={"a": 1})
    plan_for(read)
    assert read.unread() == ("quantization_config", "strange_field")


def test_unread_fields_of_a_section_that_was_read_are_listed_one_by_one() -> None:
    nested = HFConfig("x", {"architectures": ["LlamaForCausalLM"], "text_config": {**LLAMA, "odd": 1}})
    plan_for(nested)
    assert nested.unread() == ("text_config.architectures", "text_config.odd")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("{'a': 1}", "Expecting property name"),
        ("[1, 2]", "a JSON list at the top"),
        ('"text"', "a JSON string at the top"),
        ("3", "a JSON number at the top"),
        ("null", "a JSON value at the top"),
        ('{"hidden_size": 1, "hidden_size": 2}', "the key 'hidden_size' twice"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' twice"),
        ('{"a": ' + "[" * 10_000 + "]" * 10_000 + "}", "nested deeper than 100 levels"),
        ('{"a": ' * 10_000 + "1" + "}" * 10_000, "nested deeper than 100 levels"),
        ('{"a": ' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH, "nested deeper than 100 levels"),
    ],
)
def test_what_is_no_config_is_one_error(tmp_path: Path, content: str, found: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        HFConfig.load(path)
    assert str(path) in caught.value.where
    assert found in caught.value.found


def test_bytes_that_are_no_text_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(ConfigError, match="JSON document"):
        HFConfig.load(path)


def test_a_file_of_200_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="at most 200000000 bytes"):
        HFConfig.load(path)


@pytest.mark.parametrize(
    "name", ["../../x", "a/../b", "..", "/no/such/file", "Qwen", "Qwen/", "a/b/c", "", "Qwen/..", "\0"]
)
def test_an_id_cannot_lead_out_of_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path.parent, LLAMA, "x_config.json")
    with pytest.raises(ConfigError):
        HFConfig.load(name or "no/where", tmp_path)


def test_an_unknown_id_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        HFConfig.load("Nobody/Nothing", tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_loop_of_links_and_a_broken_link_are_errors(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.symlink_to(second)
    second.symlink_to(first)
    broken = tmp_path / "broken"
    broken.symlink_to(tmp_path / "gone")
    for path in (first, broken):
        with pytest.raises(ConfigError, match=r"link|levels"):
            HFConfig.load(path)
    (tmp_path / "config.json").symlink_to(first)
    with pytest.raises(ConfigError):
        HFConfig.load(tmp_path)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    os.mkfifo(path)
    for target in (path, tmp_path):
        with pytest.raises(ConfigError):
            HFConfig.load(target)


def test_a_folder_without_a_config_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.json"):
        HFConfig.load(tmp_path)


@pytest.mark.parametrize("value", [None, -1, 0, "64", True, 64.0, [64], {}, 2**41, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["hidden_size", "num_attention_heads", "num_hidden_layers", "vocab_size"])
def test_what_is_no_whole_number_names_file_field_found_and_expected(field: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_for(config(**{field: value}))
    assert caught.value.where == f"config.json, field {field}"
    assert caught.value.found == ("null" if value is None else repr(value))
    assert "a whole number from 1" in caught.value.expected


def test_a_missing_field_is_found_as_nothing() -> None:
    raw = {key: value for key, value in LLAMA.items() if key != "hidden_size"}
    with pytest.raises(ConfigError, match="field hidden_size: found nothing"):
        plan_for(HFConfig("config.json", raw))


def test_heads_that_cannot_be_shared_out_are_refused() -> None:
    with pytest.raises(ConfigError, match="a multiple of num_key_value_heads, which is 3"):
        plan_for(config(num_key_value_heads=3))
    with pytest.raises(ConfigError, match="a divisor of hidden_size"):
        plan_for(config(num_attention_heads=6))


def test_more_layers_than_any_model_has_do_not_fill_the_memory() -> None:
    with pytest.raises(ConfigError, match="at most 10000 layers"):
        plan_for(config(num_hidden_layers=10**9))


@pytest.mark.parametrize("value", [None, "Llama", [], [None], [1], [""], {}, ["NoSuchModel"]])
def test_an_architecture_without_a_recipe_is_one_error(value: object) -> None:
    with pytest.raises(ConfigError, match="architectures"):
        plan_for(config(architectures=value))


HYBRID = HFConfig.load("nvidia/Nemotron-H-56B-Base-8K")


def hybrid(**changes: object) -> HFConfig:
    raw = json.loads(Path(HYBRID.source).read_text(encoding="utf-8"))
    return HFConfig("config.json", {**raw, **changes})


def test_a_pattern_must_fit_the_layers_and_its_letters_must_be_known() -> None:
    pattern = str(HYBRID.get("hybrid_override_pattern"))
    with pytest.raises(ConfigError, match="found 117 values; expected one value for each of the 118 layers"):
        plan_for(hybrid(hybrid_override_pattern=pattern[:-1]))
    with pytest.raises(ConfigError, match=r"hybrid_override_pattern\[3\]: found 'X'; expected one of M, \*, -, E"):
        plan_for(hybrid(hybrid_override_pattern=pattern[:3] + "X" + pattern[4:]))
    with pytest.raises(ConfigError, match="a list or string with one value for each layer"):
        plan_for(hybrid(hybrid_override_pattern=7))


def test_fields_of_experts_must_not_contradict_each_other() -> None:
    raw = json.loads(Path(HFConfig.load("zai-org/GLM-5.3").source).read_text(encoding="utf-8"))
    cases: list[tuple[dict[str, object], str]] = [
        ({"num_experts_per_tok": 257}, "at most the number of experts"),
        ({"num_experts": 128}, "expected the same as num_experts"),
        ({"first_k_dense_replace": 4}, "those of first_k_dense_replace"),
        ({"first_k_dense_replace": 79}, "at most the number of layers"),
        ({"n_group": 3}, "a divisor of the number of experts"),
        ({"mlp_layer_types": ["dense"]}, "one value for each of the 78 layers"),
    ]
    for changes, expected in cases:
        with pytest.raises(ConfigError, match=expected):
            plan_for(HFConfig("config.json", {**raw, **changes}))


def test_every_stored_model_is_listed_once() -> None:
    models = stored_models()
    assert len(models) == len(set(models)) == 89
    assert list(models) == sorted(models)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "null"),
        ([], "[]"),
        ("LlamaForCausalLM", "'LlamaForCausalLM'"),
        ([7], "[7]"),
        ([""], "['']"),
        (["LlamaForCausalLM", "MixtralForCausalLM"], "2 names, ['LlamaForCausalLM', 'MixtralForCausalLM']"),
        (["LlamaForCausalLM", None], "['LlamaForCausalLM', None]"),
    ],
)
def test_a_config_declares_one_class(value: object, found: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_for(config(architectures=value))
    assert caught.value.where == "config.json, field architectures"
    assert caught.value.found == found
    assert caught.value.expected.startswith("a list with the name of one model class")


def wrapper(outer: str, section: str = "text_config", **inner: object) -> HFConfig:
    return HFConfig("config.json", {"architectures": [outer], section: {**LLAMA, **inner}})


@pytest.mark.parametrize("section", ["text_config", "llm_config", "language_config", "thinker_config"])
def test_a_wrapper_around_another_model_than_its_recipe_reads_is_refused(section: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_for(wrapper("Qwen3VLForConditionalGeneration", section))
    assert caught.value.where == f"config.json, field {section}.architectures"
    assert caught.value.found == "['LlamaForCausalLM']"
    assert caught.value.expected == (
        "Qwen3ForCausalLM or Qwen3VLForConditionalGeneration, which is what Qwen3VLForConditionalGeneration holds"
    )


def test_every_level_of_a_wrapper_is_looked_at() -> None:
    inner = {"architectures": ["LlamaForCausalLM"], "text_config": {**LLAMA, "architectures": ["Qwen3ForCausalLM"]}}
    nested = {"architectures": ["Qwen3VLForConditionalGeneration"], "thinker_config": inner}
    with pytest.raises(ConfigError, match=r"field thinker_config\.architectures: found \['LlamaForCausalLM'\]"):
        plan_for(HFConfig("config.json", nested))


@pytest.mark.parametrize("name", ["Qwen3ForCausalLM", "Qwen3VLForConditionalGeneration", None])
def test_a_wrapper_around_its_own_text_decoder_is_read(name: str | None) -> None:
    names = None if name is None else [name]
    assert plan_for(wrapper("Qwen3VLForConditionalGeneration", architectures=names)).hidden == 64


def test_what_a_section_declares_must_be_one_class_too() -> None:
    names = ["Qwen3ForCausalLM", "LlamaForCausalLM"]
    with pytest.raises(ConfigError, match=r"field text_config\.architectures: found 2 names"):
        plan_for(wrapper("Qwen3VLForConditionalGeneration", architectures=names))


def test_asking_for_the_class_of_a_section_does_not_count_as_reading_it() -> None:
    read = wrapper("Qwen3VLForConditionalGeneration", architectures=["Qwen3ForCausalLM"])
    plan_for(read)
    assert read.unread() == ("text_config.architectures",)
