from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import SkipCheck
from harness.checks.rules.config_files import (
    check_config_fields,
    check_config_name,
    check_quantization_file,
    check_unread_fields,
)
from harness.checks.subject_model import SubjectModel
from harness.data_files import data_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.subjects.models import ModelSubject

NAME = "Qwen--Qwen3-0.6B_config.json"


@pytest.fixture
def stored(installed: ModelSubject, tmp_path: Path) -> Callable[..., SubjectModel]:
    def store(name: str = NAME, **changes: object) -> SubjectModel:
        raw = json.loads(data_path("model_configs", NAME).read_text(encoding="utf-8")) | changes
        kept = {key: value for key, value in raw.items() if value is not None}
        (tmp_path / name).write_text(json.dumps(kept), encoding="utf-8")
        return SubjectModel.load(installed, str(tmp_path / name))

    return store


def abouts(check: Callable[..., object], model: SubjectModel) -> list[str]:
    return [mismatch.about for mismatch in check(model, model.plan)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "check", [check_config_name, check_config_fields, check_quantization_file, check_unread_fields]
)
def test_a_stored_config_is_right(stored: Callable[..., SubjectModel], check: Callable[..., object]) -> None:
    assert abouts(check, stored()) == []


def test_a_name_without_an_organisation_is_found(stored: Callable[..., SubjectModel]) -> None:
    assert abouts(check_config_name, stored("Qwen3-0.6B_config.json")) == ["name"]


def test_a_config_json_has_no_name_to_judge(stored: Callable[..., SubjectModel]) -> None:
    with pytest.raises(SkipCheck):
        abouts(check_config_name, stored("config.json"))


def test_a_missing_context_length_is_found(stored: Callable[..., SubjectModel]) -> None:
    assert abouts(check_config_fields, stored(max_position_embeddings=None)) == ["max_position_embeddings"]


def test_a_modelopt_checkpoint_that_says_nothing_is_found(stored: Callable[..., SubjectModel]) -> None:
    model = stored(quantization_config={"quant_method": "modelopt"})
    assert abouts(check_quantization_file, model) == ["hf_quant_config"]


def test_a_field_that_nobody_knows_is_found(stored: Callable[..., SubjectModel]) -> None:
    assert abouts(check_unread_fields, stored(hyper_layers=7)) == ["hyper_layers"]


def test_a_field_that_says_nothing_is_let_pass(stored: Callable[..., SubjectModel]) -> None:
    assert abouts(check_unread_fields, stored(hyper_layers=0)) == []
