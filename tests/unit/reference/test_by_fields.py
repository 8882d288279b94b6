from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ConfigError
from harness.reference.architectures import plan_for
from harness.reference.by_fields import USUAL, by_field_names, guess
from harness.reference.hf_config import HFConfig, stored_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.reference.by_fields import Guess
    from harness.reference.layers import LayerPlan

HYBRIDS = Path(__file__).with_name("hybrids")
KNOWN = (*stored_models(), *sorted(path.name for path in HYBRIDS.glob("*.json")))
SIZES = (
    "heads",
    "kv_heads",
    "k_heads",
    "v_heads",
    "dim",
    "k_dim",
    "v_dim",
    "reach",
    "state",
    "inner",
    "experts",
    "top",
)

BASE: dict[str, Any] = {
    "architectures": ["NewForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 4,
    "vocab_size": 100,
}
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 32, "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_d_conv": 4}


def read(**fields: object) -> Guess:
    return guess(HFConfig("config.json", {**BASE, **fields}))


def doubts(found: Guess, *about: str) -> tuple[str, ...]:
    return tuple(doubt.text for doubt in found.doubts if doubt is not USUAL and doubt.about in about)


def sizes(part: object) -> tuple[tuple[str, object], ...]:
    return tuple((name, getattr(part, name)) for name in SIZES if hasattr(part, name))


def mixers(plan: LayerPlan) -> Iterator[tuple[object, ...]]:
    for layer in plan.layers:
        parts = (getattr(layer.mixer, "first", layer.mixer), getattr(layer.mixer, "second", None))
        yield layer.mixer.kind, *map(sizes, parts)


def ffns(plan: LayerPlan) -> Iterator[tuple[object, ...]]:
    return ((layer.ffn.kind, sizes(layer.ffn)) for layer in plan.layers)


@pytest.mark.parametrize("known", KNOWN)
def test_a_reading_that_differs_from_the_recipe_lists_a_doubt(known: str) -> None:
    target = HYBRIDS / known if known.endswith(".json") else known
    recipe, found = plan_for(HFConfig.load(target)), by_field_names(HFConfig.load(target))
    assert len(found.plan.layers) == len(recipe.layers)
    if list(mixers(found.plan)) != list(mixers(recipe)):
        assert doubts(found, "mixer", "layer"), f"{found.plan} instead of {recipe}"
    if list(ffns(found.plan)) != list(ffns(recipe)):
        assert doubts(found, "ffn", "layer"), f"{found.plan} instead of {recipe}"


def test_most_known_models_are_read_as_their_recipe_reads_them() -> None:
    right = 0
    for model in stored_models():
        right += plan_for(HFConfig.load(model)).kinds == by_field_names(HFConfig.load(model)).plan.kinds
    assert right >= 0.8 * len(stored_models())


def test_a_plain_decoder_leaves_only_the_usual_doubt() -> None:
    assert read().doubts == (USUAL,)
    assert str(read().plan) == "4x(full+dense)"


def test_values_that_nobody_knows_are_named_with_their_layers() -> None:
    found = read(layer_types=["full_attention", "wavelet", "wavelet", "retention"])
    assert doubts(found, "layer") == (
        "layer_types has values whose meaning is not known: retention in 1, wavelet in 2 of the 4 layers.",
    )
    assert [mixer for mixer, _ in found.plan.kinds] == ["full", "unknown", "unknown", "unknown"]


def test_layers_without_their_dimensions_are_empty_and_the_missing_fields_are_named() -> None:
    found = read(layer_types=["mamba", "mamba", "full_attention", "mamba"], mamba_n_heads=4)
    (why,) = doubts(found, "mixer")
    assert why.startswith("The mamba2 layers need mamba_d_head or mamba_head_dim or mamba_headdim or mamba_expand, ")
    assert why.endswith("which the config does not have; they are counted as empty.")
    assert [mixer for mixer, _ in found.plan.kinds] == ["mamba2", "mamba2", "full", "mamba2"]


def test_linear_attention_of_no_known_flavour_is_empty() -> None:
    found = read(full_attention_interval=2)
    assert doubts(found, "mixer") == ("What the linear layers hold is not known; they are counted as empty.",)
    assert [mixer for mixer, _ in found.plan.kinds] == ["linear", "full", "linear", "full"]


def test_a_letter_for_each_layer_may_name_feed_forwards() -> None:
    found = read(hybrid_override_pattern="M-*E", **EXPERTS, **MAMBA)
    assert found.plan.kinds == (("mamba2", "none"), ("none", "dense"), ("full", "none"), ("none", "moe"))
    assert any("every layer is read as one part" in text for text in doubts(found, "layer"))


def test_a_list_of_numbers_says_nothing_without_the_class() -> None:
    found = read(hybrid_layer_pattern=[0, 1, 1, 1])
    (why,) = doubts(found, "layer")
    assert why.startswith("hybrid_layer_pattern has a value for each layer, 0 in 1, 1 in 3 of them, but only")


def test_fields_of_layers_that_no_field_places_are_named() -> None:
    assert doubts(read(**MAMBA), "mixer") == (
        f"The reading found no mamba or mamba2 layer, although these fields speak of one: {', '.join(MAMBA)}.",
    )


@pytest.mark.parametrize(
    ("fields", "sparse"),
    [
        ({}, (0, 1, 2, 3)),
        ({"decoder_sparse_step": 2}, (1, 3)),
        ({"decoder_sparse_step": 1, "mlp_only_layers": [0]}, (1, 2, 3)),
        ({"expert_layer_period": 2, "expert_layer_offset": 0}, (0, 2)),
        ({"interleave_moe_layer_step": 4}, (3,)),
        ({"first_k_dense_replace": 3}, (3,)),
        ({"moe_layer_freq": [0, 0, 1, 1]}, (2, 3)),
        ({"mlp_layer_types": ["dense", "sparse", "dense", "sparse"]}, (1, 3)),
        ({"moe_layers": [2]}, (2,)),
    ],
)
def test_layers_with_experts(fields: dict[str, object], sparse: tuple[int, ...]) -> None:
    found = read(**EXPERTS, **fields)
    assert tuple(index for index, (_, ffn) in enumerate(found.plan.kinds) if ffn == "moe") == sparse
    unsaid = "No field says which layers have experts; all are read as having them."
    assert doubts(found, "ffn") == (() if fields else (unsaid,))


def test_experts_without_a_number_for_each_token_are_not_counted() -> None:
    found = read(num_experts=8, first_k_dense_replace=0)
    (why,) = doubts(found, "ffn")
    assert why.startswith("The experts need num_experts_per_tok or ")
    assert found.plan.kinds == (("full", "none"),) * 4


@pytest.mark.parametrize("count", [0, 2])
def test_prediction_blocks_are_a_doubt_where_there_are_any(count: int) -> None:
    found = doubts(read(num_nextn_predict_layers=count), "other")
    assert len(found) == (count > 0)
    assert all("prediction (MTP) blocks are not counted" in text for text in found)


def test_a_field_of_the_wrong_type_is_an_error_and_no_doubt() -> None:
    for fields in ({"num_attention_heads": "4"}, {"layer_types": ["full_attention"]}, {"num_hidden_layers": None}):
        with pytest.raises(ConfigError):
            read(**fields)


def test_a_model_with_an_encoder_is_refused() -> None:
    with pytest.raises(ConfigError, match="field is_encoder_decoder: found True; expected false or nothing: only"):
        read(is_encoder_decoder=True)
    assert read(is_encoder_decoder=False).doubts == (USUAL,)


def test_a_class_whose_name_does_not_say_that_it_writes_is_a_doubt() -> None:
    said = "The name NewForMaskedLM does not say that it writes text; it may be an encoder."
    assert doubts(read(architectures=["NewForMaskedLM"]), "other") == (said,)


def test_letters_in_place_of_an_interval_are_not_taken_for_understood() -> None:
    found = read(sliding_window=8, sliding_window_pattern="LLLG")
    said = "Not understood, although they may make mixers of layers differ: sliding_window_pattern."
    assert doubts(found, "mixer")[-1] == said
    assert set(found.plan.kinds) == {("full", "dense")}


@pytest.mark.parametrize(("value", "shown"), [(None, "null"), ({"a": 1}, r"\{'a': 1\}")])
def test_a_layer_that_is_no_name_is_pointed_at(value: object, shown: str) -> None:
    with pytest.raises(ConfigError, match=rf"layer_types\[1\]: found {shown}; expected the name of a kind of layer"):
        read(layer_types=["full_attention", value, "full_attention", value])


# Wrappers ----------------------------------------------------------------------------------------------------------


def wrapped(inner: str, **changes: object) -> HFConfig:
    raw = json.loads(Path(HFConfig.load(inner).source).read_text(encoding="utf-8"))
    return HFConfig("config.json", {"architectures": ["NewVLForConditionalGeneration"], "text_config": raw, **changes})


def test_a_wrapper_around_a_known_model_is_read_with_its_recipe() -> None:
    found = guess(wrapped("openai/gpt-oss-20b", tie_word_embeddings=True, vision_config={"depth": 2}))
    known = plan_for(HFConfig.load("openai/gpt-oss-20b"))
    assert found.plan.layers == known.layers
    assert found.plan.architecture == "NewVLForConditionalGeneration"
    assert found.plan.tied
    assert [tower.component for tower in found.plan.towers] == ["vision"]
    (why,) = found.uncertain
    assert why == (
        "NewVLForConditionalGeneration is not known; text_config in it declares GptOssForCausalLM, "
        "which has a recipe; the layers are read with it."
    )


def test_a_wrapper_around_an_unknown_model_names_both() -> None:
    raw = {"architectures": ["NewVLForConditionalGeneration"], "llm_config": BASE}
    assert guess(HFConfig("config.json", raw)).uncertain[0] == (
        "NewVLForConditionalGeneration is not known; llm_config in it declares NewForCausalLM, "
        "which has no recipe either."
    )


def test_an_error_inside_a_wrapper_names_the_inner_field() -> None:
    config = wrapped("Qwen/Qwen3-0.6B")
    raw = config.raw()
    section = raw["text_config"]
    assert isinstance(section, dict)
    section["hidden_size"] = -1
    with pytest.raises(ConfigError, match=r"field text_config\.hidden_size: found -1"):
        guess(HFConfig("config.json", raw))
