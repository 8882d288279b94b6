"""Explanations: strips written by hand, every config that there is, and what the subject has right and wrong."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.checks.known_issues import KnownIssue, KnownIssues
from harness.errors import ConfigError
from harness.guide.explain import declared_signs, explain
from harness.guide.explain_text import text
from harness.guide.labels import PARTS, labels
from harness.guide.reading import read
from harness.guide.strip import PER_ROW, signs, strip
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models
from tests.fakes.guide import FOLDERS, before, edited, located
from tests.fakes.mutants import MUTANTS
from tests.fakes.mutants.answering import changing, remembering

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from harness.guide.explain import Explanation
    from harness.guide.labels import Part
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import ModelSubject

ALL = (*stored_models(), *sorted(str(path) for folder in FOLDERS for path in folder.glob("*_config.json")))
SEEDED = {mutant.id: mutant for mutant in MUTANTS}


def plan_of(model: str) -> LayerPlan:
    return read(HFConfig.load(located(model))).plan


def rows(plan: LayerPlan) -> dict[Part, str]:
    """Every layer's sign, the rows joined and without gaps."""
    by_part = {part: signs(plan, part, declared_signs(part)) for part in PARTS}
    drawn = [line.split() for line in strip(plan, by_part, lambda sign, _: sign)]
    return {part: "".join("".join(line[1:]) for line in drawn if line[0] == part) for part in PARTS}


STRIPS = (
    ("Qwen/Qwen3.5-27B", "gggF" * 16, "d" * 64),
    ("XiaomiMiMo/MiMo-V2-Flash", "Fwwww" + "Fwwwww" * 7 + "F", "d" + "e" * 47),
    ("openai/gpt-oss-20b", "wF" * 12, "e" * 24),
    ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "cccF" * 12, "de" * 24),
    ("deepseek-ai/DeepSeek-V3", "M" * 61, "ddd" + "e" * 58),
    ("deepseek-ai/DeepSeek-V4-Flash", "ww" + "CH" * 20 + "C", "eee" + "E" * 40),
    (
        "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
        "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME".translate(str.maketrans("ME*", "m-F")),
        "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME".translate(str.maketrans("ME*", "-e-")),
    ),
    ("moonshotai/Kimi-K3", "kkkM" * 23 + "M", "d" + "l" * 92),
    ("nvidia/Gemma-4-31B-IT-NVFP4", "wwwwwF" * 10, "d" * 60),
    ("zai-org/GLM-5.2", "DDD" + "dddD" * 18 + "ddd", "ddd" + "e" * 75),
    ("ai21labs--Jamba-v0.1", "mmmmFmmm" * 4, "de" * 16),
    ("LiquidAI--LFM2-1.2B", "ssFssFssFsFsFsFs", "d" * 16),
    ("Qwen/Qwen3-32B", "F" * 64, "d" * 64),
)


@pytest.mark.parametrize(("model", "mixers", "ffns"), STRIPS, ids=[row[0] for row in STRIPS])
def test_the_strip_is_the_one_written_by_hand(model: str, mixers: str, ffns: str) -> None:
    assert rows(plan_of(model)) == {"mixer": mixers, "ffn": ffns}


def test_the_interval_alone_gives_the_same_strip(tmp_path: Path) -> None:
    def scalar(raw: dict[str, Any]) -> None:
        del raw["text_config"]["layer_types"]
        raw["text_config"]["full_attention_interval"] = 4

    assert rows(plan_of(edited("Qwen/Qwen3.5-27B", tmp_path, scalar)))["mixer"] == "gggF" * 16


@pytest.mark.parametrize("model", ALL)
def test_the_strip_counts_what_the_plan_counts(model: str) -> None:
    plan = plan_of(model)
    drawn = rows(plan)
    for part in PARTS:
        by_label = signs(plan, part, declared_signs(part))
        assert len(set(by_label.values())) == len(by_label)
        assert "?" not in by_label.values()
        assert Counter(drawn[part]) == Counter(by_label[label] for label in labels(plan, part))


def test_rows_wrap_and_carry_the_numbers_of_their_layers() -> None:
    plan = plan_of("moonshotai/Kimi-K3")
    by_part = {part: signs(plan, part, declared_signs(part)) for part in PARTS}
    lines = list(strip(plan, by_part, lambda sign, _: sign))
    assert len(lines) == 6
    for line, following in itertools.pairwise(lines):
        for number in re.finditer(r"\d+", line):
            # A number stands above the sign of its layer.
            place = number.start()
            at = int(number.group()) % PER_ROW
            assert following[place] == "".join(following.split()[1:])[at]


def test_a_sign_gets_the_colour_of_its_place_in_the_legend() -> None:
    plan = plan_of("openai/gpt-oss-20b")
    by_part = {part: signs(plan, part, declared_signs(part)) for part in PARTS}
    painted = "".join(strip(plan, by_part, lambda sign, place: f"<{sign}{place}>"))
    assert set(re.findall(r"<..>", painted)) == {"<w0>", "<F1>", "<e0>"}


def test_kinds_without_a_sign_get_one_of_their_own() -> None:
    assert signs(plan_of("XiaomiMiMo/MiMo-V2-Flash"), "mixer", {}) == {"full": "f", "window": "w"}
    assert signs(plan_of("XiaomiMiMo/MiMo-V2-Flash"), "mixer", {"full": "w"}) == {"full": "w", "window": "W"}


@pytest.mark.parametrize("model", ALL)
def test_every_config_is_explained_in_a_hundred_columns(model: str, installed: ModelSubject) -> None:
    mapped_to_nothing = before(installed, HFConfig.load(model).architecture)
    found = explain(mapped_to_nothing, model)
    assert not found.verdict.mapped
    assert found.document()["layers"] == [list(kinds) for kinds in found.reading.plan.kinds]
    for verbose in (False, True):
        said = text(found, verbose=verbose)
        assert max(map(len, said.splitlines())) <= 100
        for part in PARTS:
            assert all(kind in said for kind in found.counts[part])


def test_where_the_subject_is_right_nothing_disagrees(installed: ModelSubject) -> None:
    found = explain(installed, "Qwen/Qwen3-32B")
    names = ("registered", "is_moe", "layer_counts", "parsed_dimensions", "parsed_parameters")
    assert found.verdict.agreeing == names
    assert not found.verdict.disagreements
    assert not found.verdict.by_choice
    said = " ".join(text(found).split())
    assert said.endswith(f"nothing is wrong in {', '.join(names)}.")


def told(found: Explanation) -> set[tuple[str, str, str | None]]:
    return {(each.check, each.about, each.known_issue) for each in found.verdict.disagreements}


def test_a_bug_is_a_disagreement_with_its_arithmetic_and_known_issue(installed: ModelSubject) -> None:
    found = explain(installed, "moonshotai/Kimi-K3")
    assert told(found) == {("parsed_dimensions", "top", "parsing-kimi-k3-top-k-unread")}
    said = text(found)
    assert "  - parsed_dimensions (known issue parsing-kimi-k3-top-k-unread)\n      top: expected 16, found 0" in said
    assert "moe.top of the reference's plan is 16" in said


def test_what_upstream_chose_is_no_disagreement(installed: ModelSubject) -> None:
    found = explain(installed, "zai-org/GLM-5.2")
    chosen = {(each.about, each.known_issue) for each in found.verdict.by_choice}
    assert ("prefill.dense_ffn.in", "first-dense-layers-counted-as-moe") in chosen
    assert all(known != "first-dense-layers-counted-as-moe" for _, _, known in told(found))
    assert "Different by choice" in text(found)


def test_a_known_issue_that_no_longer_holds_is_no_disagreement(installed: ModelSubject) -> None:
    entry = KnownIssue(
        id="mended",
        check="is_moe",
        models=("Qwen/Qwen3-32B",),
        subjects=">0",
        kind="bug",
        reason="It was wrong in a release before this one.",
    )
    found = explain(installed, "Qwen/Qwen3-32B", known=KnownIssues((entry,), installed.info.version))
    assert not found.verdict.disagreements
    assert "is_moe" in found.verdict.agreeing


def test_a_mapped_model_that_no_recipe_reads_is_judged_by_its_fields(installed: ModelSubject) -> None:
    """The real subject refuses it; what needs an edited config cannot be judged."""
    mapping = changing(installed, {"architectures": lambda known: {**known, "Qwen3NextForCausalLM": "QWEN35"}})
    found = explain(mapping, located("Qwen--Qwen3-Next-80B-A3B-Instruct"))
    assert {check for check, _, _ in told(found)} == {"registered"}
    assert {check for check, reason in found.verdict.unjudged if "builds it on no backend" in reason} >= {
        "layer_counts"
    }
    assert ("pattern_forms", "the config edited for it cannot be read without a recipe") in found.verdict.unjudged
    said = text(found)
    assert "found ValueError: The model's architecture" in " ".join(said.split())
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("mutant", "model", "check"),
    [
        ("count-is-all-layers", "Qwen/Qwen3.5-27B", "layer_counts"),
        ("moe-hybrid-forgotten", "XiaomiMiMo/MiMo-V2-Flash", "is_moe"),
        ("form-read-wrongly", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "pattern_forms"),
    ],
)
def test_a_seeded_bug_is_a_disagreement(mutant: str, model: str, check: str, installed: ModelSubject) -> None:
    right = explain(SEEDED[mutant].right(installed), model)
    wrong = explain(SEEDED[mutant].wrong(installed, remembering(installed)), model)
    assert check in {each[0] for each in told(wrong) - told(right)}


def test_a_subject_that_does_not_map_the_model_is_asked_nothing(installed: ModelSubject) -> None:
    found = explain(installed, located("ai21labs--Jamba-v0.1"))
    name = f"{installed.info.name} {installed.info.version}"
    assert not found.verdict.mapped
    assert not found.verdict.disagreements
    assert " ".join(text(found).split()).endswith(
        f"{name} does not map JambaForCausalLM: it says nothing of these layers, so nothing disagrees."
    )


def test_what_no_recipe_reads_is_explained_with_its_doubts(installed: ModelSubject) -> None:
    found = explain(installed, located("Qwen--Qwen3-Next-80B-A3B-Instruct"))
    assert found.reading.uncertain
    said = " ".join(text(found).split())
    assert "Read by field names alone" in said
    assert all(" ".join(doubt.split()) in said for doubt in found.reading.uncertain)
    assert found.document()["source"] == ""


def test_the_words_of_the_recipe_and_the_other_spelling_are_told(installed: ModelSubject) -> None:
    said = " ".join(text(explain(installed, "Qwen/Qwen3.5-27B")).split())
    assert "transformers/models/qwen3_5" in said
    assert "The same in another spelling: full_attention_interval = 4 (interval): layers 3, 7, 11 and so on" in said
    assert "In the words of the recipe: `layer_types` names every layer" in said


def test_the_table_has_a_line_for_every_layer(installed: ModelSubject) -> None:
    said = text(explain(installed, "XiaomiMiMo/MiMo-V2-Flash"), verbose=True)
    table = said.partition("Layer by layer\n")[2].partition("\n\n")[0].splitlines()
    assert [int(line.split()[0]) for line in table] == list(range(48))
    said_of_one = "1  window128 heads=64 kv_heads=8  moe256x8  hybrid_layer_pattern[1] = 1, moe_layer_freq[1] = 1"
    assert table[1].strip() == said_of_one
    assert "Layer by layer" not in text(explain(installed, "XiaomiMiMo/MiMo-V2-Flash"))


def test_of_two_fields_that_say_the_same_the_table_names_the_list_and_neither_is_another_spelling(
    installed: ModelSubject,
) -> None:
    found = explain(installed, "zai-org/GLM-5.2")
    assert 'mlp_layer_types[3] = "sparse"' in text(found, verbose=True)
    feed_forward = [each for each in found.said if each.rule.part == "ffn"]
    assert [(each.rule.field, each.other) for each in feed_forward] == [
        ("mlp_layer_types", None),
        ("first_k_dense_replace", None),
    ]


def test_a_layer_that_no_field_made_is_the_classs(installed: ModelSubject) -> None:
    said = text(explain(installed, "Qwen/Qwen3-32B"), verbose=True)
    assert "    0  full heads=64 kv_heads=8  dense  by the class" in said


def test_the_document_is_json_and_has_the_agreed_keys(installed: ModelSubject) -> None:
    found = json.loads(json.dumps(explain(installed, "moonshotai/Kimi-K3").document()))
    assert found["model"] == "moonshotai/Kimi-K3"
    assert found["architecture"] == "KimiK3ForConditionalGeneration"
    assert found["source"]
    assert found["uncertain"] == []
    assert found["layers"][:4] == [
        ["kda", "dense"],
        ["kda", "latent_moe"],
        ["kda", "latent_moe"],
        ["mla", "latent_moe"],
    ]
    assert found["counts"] == {"mixer": {"kda": 69, "mla": 24}, "ffn": {"dense": 1, "latent_moe": 92}}
    first = found["rules"][0]
    assert (first["part"], first["form"], first["field"]) == ("mixer", "numbers", "linear_attn_config.full_attn_layers")
    assert first["value"][:3] == [4, 8, 12]
    assert first["meanings"] == []
    assert found["disagreements"] == [
        {
            "check": "parsed_dimensions",
            "about": "top",
            "expected": "16",
            "actual": "0",
            "arithmetic": "moe.top of the reference's plan is 16",
            "known_issue": "parsing-kimi-k3-top-k-unread",
        }
    ]
    assert {"vllm-mla-counted-as-full-attention"} == {each["known_issue"] for each in found["by_choice"]}


def test_meanings_pair_each_value_with_its_kind(installed: ModelSubject) -> None:
    found = explain(installed, "XiaomiMiMo/MiMo-V2-Flash").document()["rules"]
    assert isinstance(found, list)
    assert found[0]["meanings"] == [[0, "full"], [1, "window"]]


def test_a_config_that_cannot_be_read_is_refused(installed: ModelSubject, tmp_path: Path) -> None:
    target = edited("Qwen/Qwen3.5-27B", tmp_path, lambda raw: raw["text_config"]["layer_types"].pop())
    with pytest.raises(ConfigError, match="layer_types: found 63 values; expected one value for each of the 64 layers"):
        explain(installed, target)


def test_the_same_is_said_twice_alike(installed: ModelSubject) -> None:
    first, second = (explain(installed, "MiniMaxAI/MiniMax-M3") for _ in range(2))
    assert text(first, verbose=True) == text(second, verbose=True)
