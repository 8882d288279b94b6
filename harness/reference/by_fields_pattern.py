"""Which layer is of which kind, by the usual field names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.reference.by_fields_data import field_names
from harness.reference.by_fields_parts import Doubt, has_experts
from harness.reference.recipe import depth, layer_numbers, sparse_from

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig

ALONE = ("dense", "moe")
"""Kinds of layers that are a feed-forward and nothing else."""

_FFNS = {"dense": "dense", "sparse": "moe", "moe": "moe"}
_MOST_KINDS = 6
"""A list with more different values than this numbers something; it does not say what kind a layer is."""


def mixer_kinds(text: HFConfig, doubts: list[Doubt]) -> tuple[str, ...]:
    """The kind of every layer, `full` where no field speaks of another.

    Raises:
        ConfigError: The number of layers is missing, or a field that is there does not hold what it should.
    """
    names = field_names()
    listed = next((field for field in names.lists if isinstance(text.get(field), list | str)), "")
    layers = depth(text, listed)
    if listed:
        return _from_list(text, listed, layers, doubts)
    if text.has("linear_attn_config"):
        return _from_section(text, layers)
    for numbers in names.numbers:
        if text.has(numbers.field):
            special, others = layer_numbers(text, numbers.field, layers), _recurrent(text)
            return tuple("full" if index in special else others for index in range(layers))
    # Some models spell a pattern in letters under the name of an interval; looking at it would count as reading it.
    there = text.raw()
    for interval in names.intervals:
        if isinstance(value := there.get(interval.field), int) and value:
            return tuple("full" if full else interval.others for full in interval.special(text, layers))
    if text.has("sliding_window") and text.flag(True, "use_sliding_window"):
        unsaid = "sliding_window is set, but no field says which layers have it; all are read as full attention."
        doubts.append(Doubt("mixer", unsaid))
    return ("full",) * layers


def sparse_layers(text: HFConfig, layers: int, doubts: list[Doubt]) -> tuple[bool, ...]:
    """Which layers have experts.

    Raises:
        ConfigError: A field that is there does not hold what it should.
    """
    if not has_experts(text):
        return (False,) * layers
    if text.has("mlp_layer_types"):
        return tuple(kind == "moe" for kind in text.pattern("mlp_layer_types", layers, _FFNS))
    if text.has("moe_layers"):
        sparse = layer_numbers(text, "moe_layers", layers)
        return tuple(index in sparse for index in range(layers))
    for interval in field_names().expert_intervals:
        if text.has(interval.field):
            plain = layer_numbers(text, "mlp_only_layers", layers)
            special = interval.special(text, layers)
            return tuple(is_sparse and index not in plain for index, is_sparse in enumerate(special))
    if not text.has("first_k_dense_replace") and not text.has("moe_layer_freq"):
        doubts.append(Doubt("ffn", "No field says which layers have experts; all are read as having them."))
    return sparse_from(text, layers)


def unexplained_lists(text: HFConfig, layers: int) -> tuple[Doubt, ...]:
    """A doubt for each field that has a value for every layer, of few kinds, and that the reading did not use."""
    found = []
    unused = [(field, values) for field, values in text.raw().items() if field not in text.read_fields()]
    for field, values in unused:
        if isinstance(values, list) and len(values) == layers > 1 and all(isinstance(v, int | str) for v in values):
            counts = Counter(map(str, values))
            if 1 < len(counts) <= _MOST_KINDS:
                listed = ", ".join(f"{value} in {count}" for value, count in counts.items())
                why = f"{field} has a value for each layer, {listed} of them, but"
                found.append(Doubt("layer", f"{why} only the model's class says what they mean."))
                text.get(field)
    return tuple(found)


def _from_list(text: HFConfig, field: str, layers: int, doubts: list[Doubt]) -> tuple[str, ...]:
    names, values = field_names(), text.get(field)
    written: list[str] = []
    for index, value in enumerate(values if isinstance(values, list | str) else ()):
        if not isinstance(value, str | int):
            text.fail(f"{field}[{index}]", value, "the name of a kind of layer")
        written.append(str(value))
    strange = Counter(value for value in written if not names.kind_of(value))
    if strange:
        listed = ", ".join(f"{value[:40]} in {count}" for value, count in sorted(strange.items()))
        doubts.append(
            Doubt("layer", f"{field} has values whose meaning is not known: {listed} of the {layers} layers.")
        )
    meanings = {value: names.kind_of(value) or "unknown" for value in written}
    kinds = text.pattern(field, layers, meanings, longer=any(map(text.has, names.mtp)))
    if not set(kinds).isdisjoint(ALONE):
        alone = f"{field} names feed-forwards as layers, so every layer is read as one part: a mixer or a feed-forward."
        doubts.append(Doubt("layer", alone))
    return kinds


def _from_section(text: HFConfig, layers: int) -> tuple[str, ...]:
    section = text.required_section("linear_attn_config")
    full, delta = section.integers("full_attn_layers"), section.integers("kda_layers")
    if sorted((*full, *delta)) != list(range(1, layers + 1)):
        section.reject("kda_layers", f"{len(delta)} layers beside {len(full)} full ones", f"layers 1 to {layers}")
    numbers = set(full)
    return tuple("full" if index + 1 in numbers else "kda" for index in range(layers))


def _recurrent(text: HFConfig) -> str:
    names = field_names()
    if text.has(names.field_of(text, "conv_kernel")):
        return "short_conv"
    return "mamba" if text.has(names.field_of(text, "mamba_state")) else "linear"
