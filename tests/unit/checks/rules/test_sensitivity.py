"""Subjects that do not look at a field that matters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness.checks.registry import checks
from harness.checks.rules.sensitivity import counts
from harness.checks.subject_model import SubjectModel
from harness.reference.hf_config import HFConfig
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.subjects.models import ModelSubject

MODEL = "meta-llama/Meta-Llama-3.1-8B"


@cache
def real() -> ModelSubject:
    return load_subject()


class Deaf:
    """Takes one field for granted."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._value = HFConfig.load(MODEL).raw()[field]

    def __getattr__(self, name: str) -> object:
        return getattr(real(), name)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        return real().reference({**config, self._field: self._value}, quantization)


def found(subject: object = None) -> set[str]:
    fresh = SubjectModel(cast("ModelSubject", subject or real()), HFConfig.load(MODEL))
    return {mismatch.about for mismatch in cast("Any", checks()["field_sensitivity"].run(fresh, fresh.plan))}


@pytest.mark.parametrize(
    "field", ["vocab_size", "hidden_size", "num_hidden_layers", "num_key_value_heads", "intermediate_size"]
)
def test_field_that_is_not_read_is_caught(field: str) -> None:
    assert found(Deaf(field)) - found() == {field}


def test_field_that_decides_nothing_is_no_finding() -> None:
    assert "max_position_embeddings" not in found()
    assert "use_cache" not in found()


def test_counts_leave_out_what_is_no_text_decoder() -> None:
    plan = SubjectModel(real(), HFConfig.load("Qwen/Qwen3-VL-2B-Instruct")).plan
    assert "vision" not in counts(plan)
    assert counts(plan)["layers full+dense"] == len(plan.layers)
