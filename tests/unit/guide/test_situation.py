"""The situation of real models, decided by hand beforehand, and what it is decided from."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.subject_model import SubjectModel
from harness.guide.cover import families
from harness.guide.reading import read
from harness.guide.records import Situation
from harness.guide.situation import situation_of
from harness.reference.hf_config import HFConfig
from tests.fakes.guide import before, edited, located

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from harness.guide.records import Evidence
    from harness.subjects.models import ModelSubject

DECIDED = tomllib.loads(Path(__file__).with_name("situations.toml").read_text(encoding="utf-8"))["models"]


def asked(subject: ModelSubject, target: str) -> tuple[Situation, tuple[str, ...], Evidence]:
    reading = read(HFConfig.load(target))
    return situation_of(SubjectModel(subject, reading.config, reading.plan if reading.is_guess else None))


def test_enough_models_were_decided_by_hand() -> None:
    assert len({entry["model"] for entry in DECIDED}) == len(DECIDED) >= 24
    assert {entry["situation"] for entry in DECIDED} == {"S1", "S2", "S3"}
    assert all(len(entry["reason"]) > 20 for entry in DECIDED)


@pytest.mark.parametrize("entry", DECIDED, ids=lambda entry: entry["model"])
def test_the_situation_is_the_one_decided_by_hand(entry: dict[str, str], installed: ModelSubject) -> None:
    found, reasons, _ = asked(installed, located(entry["model"]))
    assert found == entry["situation"], f"{entry['reason']} Found: {' '.join(reasons)}"


def test_a_mapped_uniform_model_says_why(installed: ModelSubject) -> None:
    _, reasons, evidence = asked(installed, "Qwen/Qwen3-32B")
    assert (evidence.mapped, evidence.family, evidence.uniform, evidence.extras) == (True, "LLAMA", True, {})
    assert evidence.kinds == ((("full", "dense"), 64),)
    assert reasons[:3] == (
        "Qwen3ForCausalLM is mapped to the family LLAMA.",
        "All layers are of one kind: 64 x full+dense.",
        "The family LLAMA prices every one of these layers.",
    )


def test_evidence_names_nesting_pattern_mtp_and_what_is_never_read(installed: ModelSubject) -> None:
    _, _, evidence = asked(installed, "Qwen/Qwen3.5-397B-A17B")
    assert evidence.extras["nesting"] == ("text_config",)
    assert evidence.extras["pattern"] == ("layer_types",)
    assert evidence.extras["MTP"] == ("mtp_num_hidden_layers",)
    assert evidence.pattern == "list"
    assert "text_config.mtp_num_hidden_layers" in evidence.unread
    assert evidence.is_moe


def test_a_scalar_pattern_is_told_from_a_list(installed: ModelSubject) -> None:
    _, _, evidence = asked(installed, located("Qwen--Qwen3-Next-80B-A3B-Instruct"))
    assert (evidence.mapped, evidence.pattern, evidence.family) == (False, "scalar", "QWEN35")


def test_quantization_is_named(installed: ModelSubject) -> None:
    _, _, evidence = asked(installed, "Qwen/Qwen3-32B-FP8")
    assert "fp8" in evidence.quantization.lower()


def test_the_layers_that_the_mapped_family_lacks_are_named(installed: ModelSubject) -> None:
    _, reasons, evidence = asked(installed, "deepseek-ai/DeepSeek-R1")
    assert evidence.uncovered == (("mla", "dense"),)
    assert "The family DEEPSEEK has no ops for mla+dense, which phase 4 judges." in reasons


def test_layers_that_no_single_family_prices_make_a_new_family(installed: ModelSubject) -> None:
    found, reasons, evidence = asked(installed, located("ibm-granite--granite-4.0-h-tiny"))
    assert found is Situation.NEW_FAMILY
    assert evidence.uncovered == (("mamba2", "moe"),)
    assert any(reason.startswith("No single family prices all of these layers") for reason in reasons)


def test_an_mtp_block_makes_a_uniform_model_s2_even_where_no_recipe_reads_the_field(
    installed: ModelSubject, tmp_path: Path
) -> None:
    target = edited("Qwen/Qwen3-30B-A3B", tmp_path, lambda raw: raw.update(num_nextn_predict_layers=1))
    assert asked(installed, target)[0] is Situation.NEW_FIELDS


def test_before_a_hybrid_was_mapped_it_needed_a_new_family(installed: ModelSubject) -> None:
    older = before(installed, "Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
    found, _, evidence = asked(older, "Qwen/Qwen3.5-397B-A17B")
    assert found is Situation.NEW_FAMILY
    assert ("gdn", "moe") in evidence.uncovered
    assert evidence.neighbours


def test_before_a_uniform_model_was_mapped_its_family_fitted(installed: ModelSubject) -> None:
    found, _, evidence = asked(before(installed, "MixtralForCausalLM"), "mistralai/Mixtral-8x7B-v0.1")
    assert (found, evidence.family) == (Situation.SAME_OPS, "MOE")


@pytest.mark.parametrize(
    ("edit", "family"),
    [
        (lambda raw: raw, "LLAMA"),
        (lambda raw: {"architectures": raw.pop("architectures"), "text_config": raw}, "QWEN3VL"),
    ],
    ids=["plain", "nested"],
)
def test_of_families_that_price_alike_a_wrapper_is_for_wrappers(
    edit: Callable[[dict[str, Any]], object], family: str, installed: ModelSubject, tmp_path: Path
) -> None:
    source = Path(located("mistralai--Mistral-Small-24B-Instruct-2501"))
    (tmp_path / "config.json").write_text(json.dumps(edit(json.loads(source.read_text(encoding="utf-8")))))
    assert asked(installed, str(tmp_path))[2].family == family


def test_a_refused_model_says_what_the_subject_raises(installed: ModelSubject, tmp_path: Path) -> None:
    target = edited(
        "Qwen/Qwen3-32B", tmp_path, lambda raw: {"architectures": raw.pop("architectures"), "text_config": raw}
    )
    _, reasons, evidence = asked(installed, target)
    assert "num_hidden_layers" in evidence.refusal
    assert any(reason.startswith("The release refuses to build it") for reason in reasons)


def test_every_family_covers_its_own_layers(installed: ModelSubject) -> None:
    kinds = {kinds for model in installed.bundled_models() for kinds in read(HFConfig.load(model)).plan.kinds}
    covered = {family.name: family.kinds for family in families(installed, kinds)}
    assert covered["LLAMA"] == {("full", "dense")}
    assert ("full", "moe") in covered["MOE"]
    assert {("gdn", "dense"), ("gdn", "moe"), ("full", "dense"), ("full", "moe")} == covered["QWEN35"]
    assert covered["DEEPSEEKV4"] >= {("csa", "moe"), ("hca", "moe"), ("window", "moe")}
    assert set(covered) == set(installed.architectures().values())


def test_families_without_a_wanted_layer_are_left_out(installed: ModelSubject) -> None:
    assert [family.name for family in families(installed, [("gdn", "moe")])] == ["QWEN35"]
