"""A stored config reaches the class without what would mislead it, spelled as the class reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harness.errors import DataFileError
from harness.oracle.prepare import adapted, stored_configs, stripped
from harness.oracle.rules import BuildRule, Translation

if TYPE_CHECKING:
    from pathlib import Path


def rule(**fields: object) -> BuildRule:
    return BuildRule.model_validate({"architecture": "A", "model_class": "m:C", "why": "for a test", **fields})


def test_named_fields_go_at_any_depth() -> None:
    value = {"auto_map": {"x": 1}, "text_config": {"auto_map": 1, "n": 2}, "list": [{"auto_map": 1, "m": 3}]}
    assert stripped(value, ("auto_map",)) == {"text_config": {"n": 2}, "list": [{"m": 3}]}


def test_without_a_rule_only_the_model_type_is_set() -> None:
    assert adapted({"n": 1, "model_type": "theirs"}, None, "ours") == {"n": 1, "model_type": "ours"}


def test_fields_are_renamed_across_depths_and_the_original_stays_as_it_was() -> None:
    config: dict[str, object] = {"vision_config": {"vt_hidden_size": 8, "inner": {"merge": 2}}}
    renames = {
        "vision_config.vt_hidden_size": "vision_config.hidden_size",
        "vision_config.inner.merge": "vision_config.merge",
        "vision_config.absent": "vision_config.present",
        "nowhere.x": "y",
    }
    result = adapted(config, rule(rename=renames), "t")
    assert result == {"vision_config": {"hidden_size": 8, "merge": 2, "inner": {}}, "model_type": "t"}
    assert config == {"vision_config": {"vt_hidden_size": 8, "inner": {"merge": 2}}}


def test_a_flat_file_is_nested_where_the_class_wants_it() -> None:
    config: dict[str, object] = {"architectures": ["A"], "model_type": "flat", "n": 1}
    assert adapted(config, rule(nest="text_config"), "t") == {
        "architectures": ["A"],
        "model_type": "t",
        "text_config": {"n": 1},
    }


def test_layer_codes_are_translated_all_or_not_at_all() -> None:
    words = Translation(to="layer_types", words={"0": "full", "1": "window"})
    translate = rule(translate={"pattern": words.model_dump()})
    assert adapted({"pattern": [0, 1, 1]}, translate, "t") == {
        "layer_types": ["full", "window", "window"],
        "model_type": "t",
    }
    # An unknown code must stay, so that it shows up as a field that the class ignores.
    assert adapted({"pattern": [0, 2]}, translate, "t") == {"pattern": [0, 2], "model_type": "t"}


def test_stored_configs_are_found_by_name_in_order(tmp_path: Path) -> None:
    for name in ("b--B_config.json", "a--A_config.json", "a--A_hf_quant_config.json", "notes.json"):
        (tmp_path / name).write_text(json.dumps({"architectures": ["X"], "model_type": "x"}), encoding="utf-8")
    found = list(stored_configs(tmp_path))
    assert [stored.model for stored in found] == ["a/A", "b/B"]
    assert (found[0].architecture, found[0].model_type) == ("X", "x")


@pytest.mark.parametrize("declared", [None, [], "X", [7]])
def test_a_file_that_declares_no_class_has_none(tmp_path: Path, declared: object) -> None:
    (tmp_path / "a--A_config.json").write_text(json.dumps({"architectures": declared}), encoding="utf-8")
    (stored,) = stored_configs(tmp_path)
    assert (stored.architecture, stored.model_type) == ("", "")


@pytest.mark.parametrize(
    ("content", "expected"), [("{", "Expecting property name"), ("[]", "found list; expected a JSON object")]
)
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "a--A_config.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataFileError, match=expected):
        list(stored_configs(tmp_path))


def test_a_folder_without_configs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no stored config"):
        list(stored_configs(tmp_path))
