"""Which field says what layers are: hand-written readings of real models, and fields that only seem to say it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.guide.labels import PARTS, dimensions, labels
from harness.guide.pattern_rules import Form, Rule
from harness.guide.patterns import other_spelling, rules
from harness.guide.reading import read
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models
from tests.fakes.guide import FOLDERS, edited, located

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from harness.guide.labels import Part
    from harness.guide.reading import Reading

ALL = (*stored_models(), *sorted(str(path) for folder in FOLDERS for path in folder.glob("*_config.json")))


def reading_of(model: str) -> Reading:
    return read(HFConfig.load(located(model)))


def told(model: str, part: Part) -> list[tuple[str, str]]:
    return [(str(rule.form), rule.field) for rule in rules(reading_of(model), part)]


def rule_of(model: str, part: Part) -> Rule:
    return rules(reading_of(model), part)[0]


FORMS: tuple[tuple[str, Part, list[tuple[str, str]]], ...] = (
    ("Qwen/Qwen3.5-27B", "mixer", [("list", "layer_types")]),
    ("Qwen/Qwen3.5-27B", "ffn", [("uniform", "")]),
    ("XiaomiMiMo/MiMo-V2-Flash", "mixer", [("list", "hybrid_layer_pattern")]),
    ("XiaomiMiMo/MiMo-V2-Flash", "ffn", [("list", "moe_layer_freq")]),
    ("openai/gpt-oss-20b", "mixer", [("list", "layer_types")]),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "mixer", [("fixed", "")]),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "ffn", [("interval", "interleave_moe_layer_step")]),
    ("deepseek-ai/DeepSeek-V3", "mixer", [("uniform", "")]),
    ("deepseek-ai/DeepSeek-V3", "ffn", [("prefix", "first_k_dense_replace")]),
    ("deepseek-ai/DeepSeek-V4-Flash", "mixer", [("list", "compress_ratios")]),
    ("deepseek-ai/DeepSeek-V4-Flash", "ffn", [("prefix", "num_hash_layers")]),
    ("nvidia/Nemotron-H-56B-Base-8K", "mixer", [("string", "hybrid_override_pattern")]),
    ("nvidia/Nemotron-H-56B-Base-8K", "ffn", [("string", "hybrid_override_pattern")]),
    (
        "moonshotai/Kimi-K3",
        "mixer",
        [("numbers", "linear_attn_config.full_attn_layers"), ("numbers", "linear_attn_config.kda_layers")],
    ),
    ("moonshotai/Kimi-K3", "ffn", [("prefix", "first_k_dense_replace")]),
    ("zai-org/GLM-5.2", "mixer", [("list", "indexer_types")]),
    ("zai-org/GLM-5.2", "ffn", [("list", "mlp_layer_types"), ("prefix", "first_k_dense_replace")]),
    ("nvidia/Llama-3_3-Nemotron-Super-49B-v1", "mixer", [("list", "block_configs")]),
    ("nvidia/Gemma-4-31B-IT-NVFP4", "mixer", [("list", "layer_types")]),
    ("ai21labs--Jamba-v0.1", "mixer", [("interval", "attn_layer_period")]),
    ("ai21labs--Jamba-v0.1", "ffn", [("interval", "expert_layer_period")]),
    ("LiquidAI--LFM2-1.2B", "mixer", [("numbers", "full_attn_idxs")]),
    ("Qwen--Qwen3-Next-80B-A3B-Instruct", "mixer", [("interval", "full_attention_interval")]),
    ("Qwen/Qwen3-32B", "mixer", [("uniform", "")]),
)


@pytest.mark.parametrize(("model", "part", "expected"), FORMS, ids=[f"{row[0]}-{row[1]}" for row in FORMS])
def test_the_field_that_says_it_is_found(model: str, part: Part, expected: list[tuple[str, str]]) -> None:
    assert told(model, part) == expected


WORDS: tuple[tuple[str, Part, str], ...] = (
    (
        "Qwen/Qwen3.5-27B",
        "mixer",
        'one value for each layer: "linear_attention" is gdn (48), "full_attention" is full (16)',
    ),
    ("XiaomiMiMo/MiMo-V2-Flash", "mixer", "one value for each layer: 0 is full (9), 1 is window (39)"),
    (
        "nvidia/Nemotron-H-56B-Base-8K",
        "ffn",
        'one letter for each layer: "M" is none (54), "-" is dense (54), "*" is none (10)',
    ),
    ("deepseek-ai/DeepSeek-V3", "ffn", "the layers before this number are dense (3), the others moe (58)"),
    (
        "moonshotai/Kimi-K3",
        "mixer",
        "the layers with these numbers, counted from 1, are mla (24), the others kda (69)",
    ),
    (
        "ai21labs--Jamba-v0.1",
        "mixer",
        "layers 4, 12, 20 and so on, beginning where attn_layer_offset says, are full (4), the others mamba (28)",
    ),
    (
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        "mixer",
        "no single field says it; the model class does, or several fields together: 36 chunked, 12 full",
    ),
    (
        "zai-org/GLM-5.2",
        "mixer",
        'one value for each layer: "full" is dsa (index.owned) (21), "shared" is dsa (no index.owned) (57)',
    ),
    (
        "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
        "mixer",
        "one object for each layer, whose fields say what it is: 49 full, 31 none",
    ),
    ("Qwen/Qwen3-32B", "ffn", "every layer is dense"),
)


@pytest.mark.parametrize(("model", "part", "words"), WORDS, ids=[f"{row[0]}-{row[1]}" for row in WORDS])
def test_a_rule_says_what_the_field_means(model: str, part: Part, words: str) -> None:
    assert rule_of(model, part).means == words


AT: tuple[tuple[str, Part, int, str], ...] = (
    ("Qwen/Qwen3.5-27B", "mixer", 3, 'layer_types[3] = "full_attention"'),
    ("nvidia/Nemotron-H-56B-Base-8K", "mixer", 0, 'hybrid_override_pattern[0] = "M"'),
    ("moonshotai/Kimi-K3", "mixer", 0, "full_attn_layers lacks 1"),
    ("moonshotai/Kimi-K3", "mixer", 3, "full_attn_layers has 4"),
    ("deepseek-ai/DeepSeek-V3", "ffn", 60, "first_k_dense_replace = 3"),
    ("Qwen/Qwen3-32B", "mixer", 0, ""),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "mixer", 0, ""),
)


@pytest.mark.parametrize(("model", "part", "layer", "expected"), AT)
def test_a_rule_says_what_made_a_layer_what_it_is(model: str, part: Part, layer: int, expected: str) -> None:
    assert rule_of(model, part).at(layer) == expected


OTHERS: tuple[tuple[str, Part, str, object], ...] = (
    ("Qwen/Qwen3.5-27B", "mixer", "full_attention_interval", 4),
    (
        "Qwen--Qwen3-Next-80B-A3B-Instruct",
        "mixer",
        "layer_types",
        [*["linear_attention"] * 3, "full_attention"] * 12,
    ),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "mixer", "no_rope_layers", [1, 1, 1, 0] * 12),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "ffn", "moe_layers", list(range(1, 48, 2))),
    ("stepfun-ai/Step-3.7-Flash", "ffn", "moe_layers_enum", ",".join(map(str, range(3, 45)))),
    (
        "google--gemma-3-1b-it",
        "mixer",
        "layer_types",
        [*[*["sliding_attention"] * 5, "full_attention"] * 4, *["sliding_attention"] * 2],
    ),
)


@pytest.mark.parametrize(("model", "part", "field", "value"), OTHERS, ids=[f"{row[0]}-{row[1]}" for row in OTHERS])
def test_another_spelling_of_the_same_layers_is_found(model: str, part: Part, field: str, value: object) -> None:
    reading = reading_of(model)
    first = rules(reading, part)[0]
    other = other_spelling(reading, first)
    assert other is not None
    assert (other.field, other.value, other.kinds) == (field, value, first.kinds)


@pytest.mark.parametrize("model", ["XiaomiMiMo/MiMo-V2-Flash", "Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3"])
def test_no_spelling_is_made_up(model: str) -> None:
    reading = reading_of(model)
    assert not any(other_spelling(reading, rule) for part in PARTS for rule in rules(reading, part))


def test_layers_that_an_interval_cannot_tell_have_no_interval(tmp_path: Path) -> None:
    def irregular(raw: dict[str, Any]) -> None:
        raw["text_config"]["layer_types"][4:8] = ["full_attention", *["linear_attention"] * 3]

    reading = reading_of(edited("Qwen/Qwen3.5-27B", tmp_path, irregular))
    (rule,) = rules(reading, "mixer")
    assert rule.field == "layer_types"
    assert other_spelling(reading, rule) is None


def test_the_interval_alone_is_read_as_an_interval(tmp_path: Path) -> None:
    def scalar(raw: dict[str, Any]) -> None:
        del raw["text_config"]["layer_types"]
        raw["text_config"]["full_attention_interval"] = 4

    reading = reading_of(edited("Qwen/Qwen3.5-27B", tmp_path, scalar))
    (rule,) = rules(reading, "mixer")
    assert (rule.form, rule.field, rule.value, rule.first) == (Form.INTERVAL, "full_attention_interval", 4, 3)
    assert rule.means == "layers 3, 7, 11 and so on are full (16), the others gdn (48)"
    other = other_spelling(reading, rule)
    assert other is not None
    assert (other.form, other.field) == (Form.LIST, "layer_types")


def test_two_layers_of_an_interval_are_all_that_are_named(tmp_path: Path) -> None:
    def shorter(raw: dict[str, Any]) -> None:
        del raw["text_config"]["layer_types"]
        raw["text_config"] |= {"full_attention_interval": 4, "num_hidden_layers": 8}

    (rule,) = rules(reading_of(edited("Qwen/Qwen3.5-27B", tmp_path, shorter)), "mixer")
    assert rule.means == "layers 3, 7 are full (2), the others gdn (6)"


def test_a_field_that_only_happens_to_fit_says_nothing(tmp_path: Path) -> None:
    """The class makes every fourth layer full; four key heads, and a list that it does not read, change nothing."""

    def chance(raw: dict[str, Any]) -> None:
        raw["text_config"] |= {"num_key_value_heads": 4, "some_list": [1, 1, 1, 0] * 12}

    reading = reading_of(edited("meta-llama/Llama-4-Scout-17B-16E-Instruct", tmp_path, chance))
    assert [rule.form for rule in rules(reading, "mixer")] == [Form.FIXED]


def test_a_plain_field_that_makes_a_pattern_is_found(tmp_path: Path) -> None:
    folder = edited("Qwen/Qwen3-30B-A3B", tmp_path, lambda raw: raw.update(decoder_sparse_step=2))
    (rule,) = rules(reading_of(folder), "ffn")
    assert (rule.form, rule.field, rule.first, rule.special) == (Form.INTERVAL, "decoder_sparse_step", 1, "moe")


def test_one_special_layer_is_found_by_its_number(tmp_path: Path) -> None:
    folder = edited("Qwen/Qwen3-30B-A3B", tmp_path, lambda raw: raw.update(mlp_only_layers=[5]))
    (rule,) = rules(reading_of(folder), "ffn")
    assert (rule.form, rule.field, rule.special, rule.at(5)) == (
        Form.NUMBERS,
        "mlp_only_layers",
        "dense",
        "mlp_only_layers has 5",
    )


def test_a_rule_foretells_what_another_value_of_its_field_gives() -> None:
    blank = Rule("mixer", Form.NUMBERS, ("full", "gdn", "gdn", "full"), special="full", plain="gdn")
    numbers = replace(blank, value=[1, 4], first=1).elsewhere()
    assert (numbers.value, numbers.kinds) == ([2, 4], ("gdn", "full", "gdn", "full"))
    joined = replace(blank, value="0,3").elsewhere()
    assert (joined.value, joined.kinds) == ("1,3", ("gdn", "full", "gdn", "full"))
    letters = replace(blank, form=Form.STRING, value="FGGF*").elsewhere()
    assert (letters.value, letters.kinds) == ("GGFF*", ("gdn", "gdn", "full", "full"))
    interval = replace(blank, form=Form.INTERVAL, value=3).elsewhere()
    assert (interval.value, interval.kinds) == (4, ("full", "gdn", "gdn", "gdn"))


@pytest.mark.parametrize("model", ALL)
def test_every_rule_gives_the_kinds_of_the_plan(model: str) -> None:
    """Every field's value is applied here once more, by the form alone."""
    reading = read(HFConfig.load(model))
    for part in PARTS:
        found = rules(reading, part)
        assert found
        for rule in found:
            assert rule.kinds == labels(reading.plan, part)
            assert [kind.partition(" (")[0] for kind in rule.kinds] == [
                kinds[part == "ffn"] for kinds in reading.plan.kinds
            ]
            assert applied(rule) == list(rule.kinds)
        assert (found[0].form is Form.UNIFORM) == (len(set(found[0].kinds)) == 1)


def applied(rule: Rule) -> list[str]:
    layers = range(len(rule.kinds))
    if isinstance(rule.value, list | str) and rule.form in (Form.LIST, Form.STRING):
        values = [json.dumps(item) for item in list(rule.value)[: len(layers)]]
        meaning = {json.dumps(value): kind for value, kind in rule.meanings} or dict(
            zip(values, rule.kinds, strict=True)
        )
        return [meaning[value] for value in values]
    if rule.form is Form.NUMBERS and isinstance(rule.value, list):
        special = [layer + rule.first in rule.value for layer in layers]
    elif rule.form is Form.INTERVAL and isinstance(rule.value, int):
        special = [layer % rule.value == rule.first for layer in layers]
    elif rule.form is Form.PREFIX and isinstance(rule.value, int):
        special = [layer < rule.value for layer in layers]
    else:
        assert rule.form in (Form.UNIFORM, Form.FIXED)
        return list(rule.kinds)
    return [rule.special if is_special else rule.plain for is_special in special]


def test_kinds_are_told_apart_where_they_are_built_in_several_ways() -> None:
    plan = reading_of("nvidia/Llama-3_3-Nemotron-Super-49B-v1").plan
    assert set(labels(plan, "mixer")) == {"full", "none"}
    widths = (14336, 28672, 17920, 7168, 5632, 2816)
    assert set(labels(plan, "ffn")) == {f"dense (inner={width})" for width in widths}


def test_dimensions_name_sizes_of_inner_parts_and_leave_out_what_is_not_there() -> None:
    layers = reading_of("zai-org/GLM-5.2").plan.layers
    assert dimensions(layers[0].mixer) == (
        "heads=64 q_rank=2048 kv_rank=512 nope=192 rope=64 v_dim=256 index.heads=32 index.dim=128 index.top=2048"
    )
    assert dimensions(layers[0].ffn) == "inner=12288"
