"""Where models stand, on the real subject, on one with seeded bugs, and on a release that lacks the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.checks.choice import Choice
from harness.errors import ConfigError
from harness.guide.assess import assess
from harness.guide.records import Assessment, Criterion, State
from tests.fakes.guide import before, edited, located
from tests.fakes.mutants import MUTANTS
from tests.fakes.mutants.answering import changing, remembering

if TYPE_CHECKING:
    from pathlib import Path

    from harness.subjects.models import ModelSubject

JAMBA = "ai21labs--Jamba-v0.1"
SEEDED = {mutant.id: mutant for mutant in MUTANTS}


def criteria(assessment: Assessment) -> dict[str, Criterion]:
    return {criterion.id: criterion for phase in assessment.phases for criterion in phase.criteria}


def states(assessment: Assessment) -> dict[str, State]:
    return {name: criterion.state for name, criterion in criteria(assessment).items()}


def test_a_model_that_the_release_has_right_is_done(installed: ModelSubject) -> None:
    found = assess(installed, "Qwen/Qwen3-32B")
    assert found.done
    assert set(states(found).values()) == {State.DONE}
    assert found.next_step == "Nothing: every phase that this model requires is done."
    assert [phase.number for phase in found.phases if phase.required] == [1]


def test_a_bug_in_a_phase_that_is_not_required_is_told_too(installed: ModelSubject) -> None:
    found = assess(installed, "Qwen/Qwen3-0.6B")
    assert not found.done
    assert criteria(found)["weights"].state is State.WRONG
    assert "known issue tied-head-held-twice" in found.next_step


def test_what_upstream_chose_is_not_wrong(installed: ModelSubject) -> None:
    found = assess(installed, "meta-llama/Meta-Llama-3.1-8B")
    assert found.done
    kinds = {finding.known_issue for criterion in criteria(found).values() for finding in criterion.findings}
    assert not kinds


# Seeded bugs, one or two for each lesson: the criterion that turns wrong, and what the message teaches.
@dataclass(frozen=True)
class Lesson:
    mutant: str
    model: str
    criterion: str
    phase: int
    says: str


SCALED = "Scale each op by the layers of its own kind, never by all layers."
LESSONS = (
    Lesson("parameters-changeable", "XiaomiMiMo/MiMo-V2-Flash", "dataclass", 2, "known before the ops are built"),
    Lesson("count-before-pattern", "google/gemma-4-26B-A4B", "ops", 4, "expected"),
    Lesson("count-is-all-layers", "Qwen/Qwen3.5-27B", "counts", 4, SCALED),
    Lesson("count-swapped", "Qwen/Qwen3.5-27B", "counts", 4, SCALED),
    Lesson("moe-hybrid-forgotten", "XiaomiMiMo/MiMo-V2-Flash", "moe", 4, "every family with experts in check_is_moe"),
    Lesson("parse-top-level-first", "Qwen/Qwen3.5-27B", "nesting", 3, "Enter the section of the text decoder"),
    Lesson("mtp-asserted-away", "XiaomiMiMo/MiMo-7B-Base", "mtp", 4, "Scale decode ops by the drafts"),
    Lesson("mtp-factor-missing", "deepseek-ai/DeepSeek-V3", "mtp", 4, "Scale decode ops by the drafts"),
    Lesson("form-read-wrongly", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "pattern", 3, "Take the list where"),
)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.mutant)
def test_a_broken_lesson_leads_to_its_phase_and_says_what_to_mend(lesson: Lesson, installed: ModelSubject) -> None:
    seeded = SEEDED[lesson.mutant]
    right = assess(seeded.right(installed), lesson.model)
    wrong = assess(seeded.wrong(installed, remembering(installed)), lesson.model)
    before_it, with_it = (
        {(each.check, each.about, each.actual) for each in criteria(found)[lesson.criterion].findings}
        for found in (right, wrong)
    )
    assert with_it - before_it, "the seeded bug changed nothing in its criterion"
    assert lesson.criterion in {each.id for each in wrong.phases[lesson.phase - 1].open}
    assert lesson.says in criteria(wrong)[lesson.criterion].todo


def test_every_lesson_is_among_the_seeded_bugs() -> None:
    assert {SEEDED[lesson.mutant].lesson for lesson in LESSONS} == {1, 2, 3, 4, 5, 6}


def test_a_nested_config_that_is_not_entered_leads_to_nesting(installed: ModelSubject, tmp_path: Path) -> None:
    def nested(raw: dict[str, object]) -> dict[str, object]:
        return {"architectures": raw.pop("architectures"), "text_config": raw}

    found = assess(installed, edited("Qwen/Qwen3-32B", tmp_path, nested), model_id="Qwen/Qwen3-32B")
    assert [each.id for each in found.phases[2].open] == ["nesting"]
    assert found.next_step.startswith("Phase 3, config parsing: Enter the section of the text decoder")
    assert "num_hidden_layers" in found.next_step


def test_a_scalar_pattern_that_is_not_read_leads_to_the_pattern(installed: ModelSubject, tmp_path: Path) -> None:
    def scalar(raw: dict[str, dict[str, object]]) -> None:
        del raw["text_config"]["layer_types"]
        raw["text_config"]["full_attention_interval"] = 4

    found = assess(installed, edited("Qwen/Qwen3.5-27B", tmp_path, scalar), model_id="Qwen/Qwen3.5-27B")
    assert [each.id for each in found.phases[2].open] == ["pattern"]
    assert found.next_step.startswith("Phase 3, config parsing: Take the list where there is one")
    assert "layer_types length 0 != num_hidden_layers 64" in found.next_step


def test_a_dense_model_taken_for_experts_leads_to_check_is_moe(installed: ModelSubject) -> None:
    found = assess(installed, "nvidia/Gemma-4-31B-IT-NVFP4")
    assert criteria(found)["moe"].state is State.WRONG
    assert "check_is_moe" in criteria(found)["moe"].todo


def test_findings_on_a_copy_of_a_stored_model_are_known_too(installed: ModelSubject, tmp_path: Path) -> None:
    found = assess(installed, edited("nvidia/Gemma-4-31B-IT-NVFP4", tmp_path, dict))
    finding = criteria(found)["moe"].findings[0]
    assert finding.known_issue == "gemma4-dense-flagged-moe"
    assert finding.reproduce == f"aic-harness check {tmp_path} --check is_moe"


def test_a_release_without_the_model_misses_all_of_it(installed: ModelSubject) -> None:
    older = before(installed, "Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
    found = assess(older, "Qwen/Qwen3.5-397B-A17B")
    assert found.situation == "S3"
    assert all(phase.required for phase in found.phases)
    asked = states(found)
    assert {name for name, state in asked.items() if state is State.DONE} == {"fields", "name"}
    assert {name for name, state in asked.items() if state is State.MISSING} == asked.keys() - {"fields", "name"}
    assert asked.keys() >= {"declared", "dataclass", "nesting", "pattern", "moe", "counts", "mtp", "estimates"}
    assert found.next_step.startswith("Phase 1, model config: Put the config into upstream's folder model_configs")


def test_the_config_shipped_and_nothing_else_leads_to_the_mapping(installed: ModelSubject) -> None:
    found = assess(before_mapped_only(installed), "mistralai/Mixtral-8x7B-v0.1")
    assert found.situation == "S1"
    assert found.next_step == (
        'Phase 2, registration: Add the line "MixtralForCausalLM": "MOE" to ARCHITECTURE_TO_MODEL_FAMILY in '
        "sdk/common.py."
    )


def before_mapped_only(real: ModelSubject) -> ModelSubject:
    return changing(
        real, {"architectures": lambda mapped: {key: mapped[key] for key in mapped if key != "MixtralForCausalLM"}}
    )


def test_an_unknown_uniform_model_needs_config_and_registration_only(installed: ModelSubject) -> None:
    found = assess(installed, located("microsoft--phi-4"))
    assert found.situation == "S1"
    assert [phase.number for phase in found.phases if phase.required] == [1, 2]
    assert found.evidence.neighbours[0].architecture == "LlamaForCausalLM"
    assert found.evidence.uncertain
    assert not any(phase.criteria for phase in found.phases[2:])
    assert all(phase.unjudged for phase in found.phases[2:])


def test_what_is_to_be_done_names_no_path_and_no_section_and_tells_dense_from_experts(
    installed: ModelSubject, tmp_path: Path
) -> None:
    target = edited("Qwen/Qwen3-8B", tmp_path, lambda raw: {"architectures": ["NewVLForCausalLM"], "text_config": raw})
    found = criteria(assess(installed, target))
    assert found["listed"].todo == 'Add "<Org>/<Model>" to DefaultHFModels in sdk/common.py.'
    assert "nesting" in found
    assert not {"dataclass", "parameters"} & found.keys()
    dense, sparse = (criteria(assess(installed, located(model))) for model in ("LiquidAI--LFM2-1.2B", JAMBA))
    assert dense["moe"].todo == "See that check_is_moe in sdk/models says False for the family LFM2."
    assert sparse["moe"].todo == "See that check_is_moe in sdk/models says True for the family JAMBA."


def test_estimates_are_judged_on_the_database_that_is_named(installed: ModelSubject) -> None:
    where = Choice(systems=("b60",), backends=("vllm",), versions=("0.26.0",))
    found = assess(installed, "Qwen/Qwen3-8B", estimates=where)
    assert criteria(found)["estimates"].state is State.DONE
    assert "estimates" not in found.phases[4].unjudged


def test_a_config_that_cannot_be_read_is_refused(installed: ModelSubject, tmp_path: Path) -> None:
    target = edited("Qwen/Qwen3.5-27B", tmp_path, lambda raw: raw["text_config"]["layer_types"].pop())
    with pytest.raises(ConfigError, match="layer_types: found 63 values; expected one value for each of the 64 layers"):
        assess(installed, target)


def test_the_document_is_json_and_has_the_agreed_keys(installed: ModelSubject) -> None:
    found = json.loads(json.dumps(assess(installed, "openai/gpt-oss-20b").document()))
    assert found.keys() >= {"model", "situation", "reasons", "phases", "data_coverage", "next_step"}
    assert [phase["phase"] for phase in found["phases"]] == [1, 2, 3, 4, 5]
    for phase in found["phases"]:
        assert isinstance(phase["required"], bool)
        for criterion in phase["criteria"]:
            assert criterion["state"] in {"done", "missing", "wrong"}
            assert (criterion["finding"] is not None) == (criterion["state"] == "wrong")
    assert found["data_coverage"]
