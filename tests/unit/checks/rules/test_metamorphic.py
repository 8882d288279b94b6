"""Subjects that are wrong about layers in ways that no op name betrays, and the checks that must say so."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness.checks.config_edits import changed, relayered, value_at
from harness.checks.edited_models import difference, edited, shown, total
from harness.checks.records import SkipCheck
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.reference.hf_config import HFConfig
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, ParsedConfig

HYBRID = "Qwen/Qwen3.5-35B-A3B"
_TYPES = "text_config.layer_types"
_DEPTH = "text_config.num_hidden_layers"
Config = dict[str, Any]


@cache
def real() -> ModelSubject:
    return load_subject()


class Wrong:
    """The real subject with configs or answers changed on the way."""

    def __init__(
        self,
        config: Callable[[Config], Config] = lambda config: config,
        built: Callable[[BuiltModel, BuildRequest], BuiltModel] = lambda built, _: built,
        parsed: Callable[[ParsedConfig, str], ParsedConfig] = lambda parsed, _: parsed,
    ) -> None:
        self._config, self._built, self._parsed = config, built, parsed

    def __getattr__(self, name: str) -> object:
        return getattr(real(), name)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        return real().reference(self._config(dict(config)), quantization)

    def build(self, request: BuildRequest) -> BuiltModel:
        return self._built(real().build(request), request)

    def parse(self, ref: str) -> ParsedConfig:
        return self._parsed(real().parse(ref), ref)


def found(check: str, subject: object = None, model: str = HYBRID) -> list[str]:
    """What a check finds on a fresh model of a subject."""
    fresh = SubjectModel(cast("ModelSubject", subject or real()), HFConfig.load(model))
    return [mismatch.about for mismatch in cast("Any", checks()[check].run(fresh, fresh.plan))]


def _types(config: Config, change: Callable[[list[str]], list[str]]) -> Config:
    return changed(config, _TYPES, change(cast("list[str]", value_at(config, _TYPES))))


def inverted(config: Config) -> Config:
    other = {"linear_attention": "full_attention", "full_attention": "linear_attention"}
    return _types(config, lambda types: [other[each] for each in types])


def off_by_one(config: Config) -> Config:
    return _types(config, lambda types: [types[-1], *types[:-1]])


def by_interval(config: Config) -> Config:
    """Every 4th layer is full, whatever the list says."""
    return _types(
        config, lambda types: ["linear_attention" if index % 4 else "full_attention" for index in range(len(types))]
    )


def without_last(config: Config) -> Config:
    return changed(_types(config, lambda types: types[:-1]), _DEPTH, cast("int", value_at(config, _DEPTH)) - 1)


def on_all_layers(built: BuiltModel, _request: BuildRequest) -> BuiltModel:
    """Every op that runs in layers runs in all of them."""
    full = max(op.count for op in built.prefill if op.kind == "attention")
    delta = max(op.count for op in built.prefill if op.kind == "gdn")
    changes = {
        phase: tuple(
            dataclasses.replace(
                op,
                count=full + delta if op.count > 1 else op.count,
                weight_bytes=op.weight_bytes / op.count * (full + delta),
            )
            if op.count > 1
            else op
            for op in getattr(built, phase)
        )
        for phase in ("prefill", "decode")
    }
    return dataclasses.replace(built, **changes)  # type: ignore[arg-type]


def cache_on_all_layers(built: BuiltModel, _request: BuildRequest) -> BuiltModel:
    layers = sum(max(op.count for op in built.prefill if op.kind == kind) for kind in ("attention", "gdn"))
    return dataclasses.replace(built, cache_bytes={length: layers * 1024.0 * length for length in built.cache_bytes})


def halved(built: BuiltModel, _request: BuildRequest) -> BuiltModel:
    """A kind of layers that runs in half of all of them."""
    return dataclasses.replace(
        built,
        prefill=tuple(dataclasses.replace(op, count=op.count / 2) if op.count > 1 else op for op in built.prefill),
    )


def fixed(field: str, value: object) -> Callable[[Config], Config]:
    return lambda config: changed(config, f"text_config.{field}", value)


@pytest.mark.parametrize(
    "check",
    [
        "appended_layer",
        "exchanged_layer",
        "reordered_layers",
        "doubled_layers",
        "id_equals_folder",
        "nested_equals_flat",
        "history_independence",
    ],
)
def test_right_subject_passes(check: str) -> None:
    assert found(check) == []


@pytest.mark.parametrize(
    ("check", "subject", "about"),
    [
        ("appended_layer", Wrong(inverted), ["gdn+moe.growth", "full+moe.growth"]),
        ("appended_layer", Wrong(built=cache_on_all_layers), ["gdn+moe.growth", "full+moe.growth"]),
        ("appended_layer", Wrong(built=halved), ["gdn+moe.whole", "full+moe.whole"]),
        ("appended_layer", Wrong(fixed("num_hidden_layers", 40)), []),
        ("exchanged_layer", Wrong(built=on_all_layers), ["gdn+moe>full+moe.nothing"]),
        ("exchanged_layer", Wrong(by_interval), ["gdn+moe>full+moe.nothing"]),
        ("doubled_layers", Wrong(by_interval), ["runs", "bytes", "cache"]),
    ],
)
def test_wrong_subject_is_caught(check: str, subject: Wrong, about: list[str]) -> None:
    if not about:
        # A subject that cannot follow raises, and the engine makes an error of it.
        with pytest.raises(ValueError, match="layer_types length"):
            found(check, subject)
    else:
        assert found(check, subject) == about


def test_order_that_matters_is_caught() -> None:
    # The first layer is dropped for another copy of the last: as many layers, other ones once they are turned round.
    wrong = Wrong(lambda config: _types(config, lambda types: [types[-1], *types[1:]]))
    assert "reversed" in found("reordered_layers", wrong)


def test_subject_that_skips_the_last_layer_is_caught() -> None:
    assert found("reordered_layers", Wrong(without_last)) != []


def test_shift_that_keeps_the_counts_is_no_finding() -> None:
    # It prices the same layers in another order, which costs the same.
    assert found("reordered_layers", Wrong(off_by_one)) == []
    assert found("appended_layer", Wrong(off_by_one)) == []


def test_layers_that_are_alike_cannot_be_reordered() -> None:
    with pytest.raises(SkipCheck, match="alike"):
        found("reordered_layers", model="Qwen/Qwen3-8B")


def test_vectors_add_up() -> None:
    lab = edited(SubjectModel(real(), HFConfig.load(HYBRID)))
    base = lab.vector(lab.base)
    assert difference(base, base) == {}
    assert difference(total([(2, base)]), base) == base
    assert shown({}) == "nothing"
    assert shown({("cache", 128): 4096.0}) == "+4,096 bytes kept at 128 tokens"


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ({"num_hidden_layers": 3, "layer_types": ["a", "b", "c", "mtp"]}, [2, 0], ["c", "a", "mtp"]),
        ({"num_hidden_layers": 3, "layer_types": "abc"}, [0, 0, 1, 2], "aabc"),
        ({"num_hidden_layers": 3, "first_k_dense_replace": 2}, [0, 1, 1, 2], 3),
        ({"num_hidden_layers": 3, "moe_layers": [0, 2]}, [2, 2, 1], [0, 1]),
        ({"num_hidden_layers": 3, "moe_layers_enum": "1,2"}, [0, 2, 1, 0], "1,2"),
        ({"num_hidden_layers": 2, "linear_attn_config": {"kda_layers": [1]}}, [1, 0], {"kda_layers": [2]}),
    ],
)
def test_layers_are_edited(text: Config, order: list[int], expected: object) -> None:
    result = relayered(text, 3 if "linear_attn_config" not in text else 2, order)
    assert result["num_hidden_layers"] == len(order)
    field = next(name for name in text if name != "num_hidden_layers")
    assert result[field] == expected
