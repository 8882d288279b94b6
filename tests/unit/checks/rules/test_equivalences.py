"""Subjects that give one model two answers."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness.checks.records import SkipCheck
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.reference.hf_config import HFConfig
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, ParsedConfig

HYBRID, VLM = "Qwen/Qwen3.5-35B-A3B", "Qwen/Qwen3-VL-2B-Instruct"


@cache
def real() -> ModelSubject:
    return load_subject()


class _Real:
    def __getattr__(self, name: str) -> object:
        return getattr(real(), name)


class ById(_Real):
    """Ships another config under the model's name."""

    def parse(self, ref: str) -> ParsedConfig:
        parsed = real().parse(ref)
        return dataclasses.replace(parsed, vocab=1) if ref == HYBRID else parsed

    def build(self, request: BuildRequest) -> BuiltModel:
        built = real().build(request)
        return dataclasses.replace(built, prefill=built.prefill[1:]) if request.ref == HYBRID else built


class Forgetful(_Real):
    """Takes something away from what it keeps each time it builds."""

    def __init__(self) -> None:
        self._builds = 0

    def parse(self, ref: str) -> ParsedConfig:
        return dataclasses.replace(real().parse(ref), layers=self._builds)

    def build(self, request: BuildRequest) -> BuiltModel:
        self._builds += 1
        built = real().build(request)
        cache = {length: size + self._builds for length, size in built.cache_bytes.items()}
        return dataclasses.replace(built, cache_bytes=cache)


class Flattener(_Real):
    """Reads a width at the top differently from one in a section."""

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        if "hidden_size" in config:
            config = {**config, "head_dim": 64}
        return real().reference(config, quantization)


def found(check: str, subject: object = None, model: str = HYBRID) -> list[str]:
    fresh = SubjectModel(cast("ModelSubject", subject or real()), HFConfig.load(model))
    return [mismatch.about for mismatch in cast("Any", checks()[check].run(fresh, fresh.plan))]


def test_other_config_under_the_name_is_caught() -> None:
    assert found("id_equals_folder", ById()) == ["parsed.vocab", "ops.trtllm", "ops.sglang", "ops.vllm"]


def test_unknown_name_is_skipped() -> None:
    with pytest.raises(SkipCheck, match="by name"):
        found("id_equals_folder", model="mistralai/Mixtral-8x7B-v0.1")


def test_answers_that_depend_on_what_was_asked_before_are_caught() -> None:
    assert found("history_independence", Forgetful()) == ["parsed.layers", "ops.vllm", "ops.sglang", "ops.trtllm"]


def test_flat_form_with_another_answer_is_caught() -> None:
    assert found("nested_equals_flat", Flattener()) == ["flat"]
    with pytest.raises(SkipCheck, match="no section"):
        found("nested_equals_flat", model="Qwen/Qwen3-8B")


def test_decoder_behind_a_tower_is_compared_with_its_sibling() -> None:
    assert found("vlm_equals_text_sibling", Flattener(), VLM) == ["Qwen3ForCausalLM"]
    with pytest.raises(SkipCheck, match="alone"):
        found("vlm_equals_text_sibling", model="Qwen/Qwen3-8B")


def test_spelling_that_is_read_passes() -> None:
    assert found("layer_spellings", model="nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16") == []


def test_spelling_that_is_not_read_is_caught() -> None:
    class Deaf(_Real):
        def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
            if "layers_block_type" in config:
                config = {**config, "layers_block_type": ["mamba"] * 52}
            return real().reference(config, quantization)

    model = "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"
    assert found("layer_spellings", Deaf(), model) == ["layers_block_type.list"]


def test_a_model_that_is_not_built_misreads_no_spelling() -> None:
    class Refusing(_Real):
        def build(self, request: BuildRequest) -> BuiltModel:
            raise KeyError(request.backend)

    with pytest.raises(KeyError, match="trtllm"):
        found("layer_spellings", Refusing(), "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")
