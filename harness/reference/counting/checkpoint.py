"""What a checkpoint's config says about its quantization, in the spellings that are in use.

Checkpoints name modules after their own code (`mlp`, `ffn`, `block_sparse_moe`; `w1` or `gate_proj`), and list what is
excluded by name, by wildcard or by regular expression. Both sides are brought to one spelling before they are compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.reference.counting.quantization import Quantization, Scheme, scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.reference.hf_config import HFConfig
    from harness.reference.weights import Weight

_SPELLINGS = {
    "attn": "self_attn",
    "block_sparse_moe": "mlp",
    "feed_forward": "mlp",
    "ffn": "mlp",
    "shared_expert": "shared_experts",
    "w1": "gate_proj",
    "w2": "down_proj",
    "w3": "up_proj",
    "head": "lm_head",
}
_BEFORE_LAYERS = re.compile(r"^.*?(?=layers\.)")
_OUTSIDE = re.compile(r"(?:^|\.)(?:mtp|visual|vision_tower|vision_model|audio_tower)\.")
"""Blocks beside the text decoder, whose layers are numbered from 0 as well."""
_EXPERT_NUMBER = re.compile(r"\.experts\.\d+")
_BY_ALGORITHM = {
    "FP8": "fp8",
    "FP8_PB_WO": "fp8_block",
    "MXFP8": "mxfp8",
    "NVFP4": "nvfp4",
    "W4A16_NVFP4": "nvfp4_weight_only",
    "MXFP4": "mxfp4",
    "W4A16_AWQ": "int4_group",
    "W4A8_AWQ": "int4_group",
    "INT8_SQ": "int8",
}
_MIXED = "MIXED_PRECISION"
_KV_BYTES = {"FP8": 1, "NVFP4": 0.5, "INT8": 1}


def quantization_of(config: HFConfig) -> Quantization:
    """Read how a checkpoint is quantized; bfloat16 where nothing says so.

    Raises:
        ConfigError: A quantization field has the wrong type or names an unknown scheme.
    """
    section = config.section("quantization_config") or config.text().section("quantization_config")
    separate = config.beside()
    if separate is not None:
        return _modelopt(separate.required_section("quantization"))
    if section is None:
        return Quantization.unquantized()
    if section.has("quant_algo"):
        return _modelopt(section)
    if section.has("config_groups"):
        return _groups(section)
    return _by_method(config, section)


class _Checkpoint(Quantization):
    """A checkpoint's own choice: schemes for named modules, a default for the rest, and what is excluded."""

    def __init__(
        self, default: Scheme, excluded: _Names, named: dict[str, Scheme], kv_bytes: float, *, only_named: bool
    ) -> None:
        super().__init__(default, kv_bytes)
        self._excluded, self._named, self._only_named = excluded, named, only_named
        self._experts: Scheme | None = None
        self._known: dict[tuple[int, str, str], Scheme | None] = {}

    def with_experts(self, experts: Scheme) -> _Checkpoint:
        """The same with another scheme for routed experts."""
        self._experts = experts
        return self

    def chosen(self, layer: int, weight: Weight) -> Scheme | None:
        # Every layout that a model could have asks for the same tensors, and names are matched by long patterns.
        key = layer, weight.component, weight.name
        if key not in self._known:
            self._known[key] = self._choose(layer, weight)
        return self._known[key]

    def _choose(self, layer: int, weight: Weight) -> Scheme | None:
        name = _canonical(f"layers.{layer}.{weight.name}")
        for part in _ancestors(name):
            if part in self._named:
                return self._named[part]
        if weight.component == "routed_experts" and self._experts:
            return self._experts
        if self._only_named or self._excluded.match(name):
            return None
        return self.default


class _Names:
    """Names, wildcards and regular expressions of modules; a module's name covers what is inside it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        exact, loose = set(), []
        for pattern in patterns:
            if _OUTSIDE.search(pattern):
                continue
            if pattern.startswith("re:"):
                loose.append(f"(?:{pattern[3:]})")
            elif "*" in pattern:
                loose.append(re.escape(_canonical(pattern)).replace(r"\*", ".*") + r"(?:\..*)?$")
            else:
                exact.add(_canonical(pattern))
        self._exact = exact
        try:
            self._loose = re.compile("|".join(loose)) if loose else None
        except re.error:
            self._loose = None

    def match(self, name: str) -> bool:
        """Whether a canonical name is covered."""
        if not self._exact.isdisjoint(_ancestors(name)):
            return True
        # Regular expressions are written for the full name, and for fused as for single projections.
        return self._loose is not None and bool(self._loose.match(name) or self._loose.match(f"model.{name}"))


def _canonical(name: str) -> str:
    tail = _EXPERT_NUMBER.sub(".experts", _BEFORE_LAYERS.sub("", name) if "layers." in name else name)
    return ".".join(_SPELLINGS.get(part, part) for part in tail.split("."))


def _ancestors(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)] + [parts[-1]]


def _kv_bytes(section: HFConfig) -> float:
    for field in ("kv_cache_quant_algo", "kv_cache_scheme"):
        value = section.get(field)
        if isinstance(value, str):
            return _KV_BYTES.get(value.upper(), 2)
        if isinstance(value, dict) and isinstance(value.get("num_bits"), int):
            return float(value["num_bits"]) / 8
    return 2


def _algorithm(section: HFConfig, field: str = "quant_algo") -> Scheme:
    name = section.word("", field).upper()
    if name not in _BY_ALGORITHM:
        section.fail(field, name, f"one of {', '.join(_BY_ALGORITHM)}, {_MIXED}")
    found = scheme(_BY_ALGORITHM[name])
    size = section.integer_or(0, "group_size")
    return found.grouped((1, size)) if size and found.bits < 8 else found  # noqa: PLR2004 - bits of a byte


def _modelopt(section: HFConfig) -> Quantization:
    excluded = [*section.words("exclude_modules"), *section.words("ignore")]
    if section.word("", "quant_algo").upper() != _MIXED:
        return _Checkpoint(_algorithm(section), _Names(excluded), {}, _kv_bytes(section), only_named=False)
    layers = section.required_section("quantized_layers")
    named: dict[str, Scheme] = {}
    for name in layers.fields():
        if _OUTSIDE.search(name):
            continue
        canonical = _canonical(name)
        if canonical not in named:
            named[canonical] = _algorithm(layers.required_section(name))
    return _Checkpoint(scheme("fp8"), _Names(excluded), named, _kv_bytes(section), only_named=True)


def _weights_scheme(group: HFConfig) -> Scheme:
    weights = group.required_section("weights")
    bits, kind = weights.integer("num_bits"), weights.word("int", "type")
    size = weights.integer_or(0, "group_size")
    if bits == 4 and kind == "float":  # noqa: PLR2004 - bits of the format
        found = scheme("nvfp4" if size in (0, 16) else "mxfp4")
    elif bits == 4:  # noqa: PLR2004 - bits of the format
        found = scheme("int4_group")
    elif bits == 8 and kind == "float":  # noqa: PLR2004 - bits of the format
        strategy = weights.word("tensor", "strategy")
        found = scheme({"channel": "fp8_channel", "block": "fp8_block"}.get(strategy, "fp8"))
    elif bits == 8:  # noqa: PLR2004 - bits of the format
        found = scheme("int8")
    else:
        weights.fail("num_bits", bits, "4 or 8")
    return found.grouped((1, size)) if size else found


def _groups(section: HFConfig) -> Quantization:
    groups = section.required_section("config_groups")
    named: dict[str, Scheme] = {}
    default: Scheme | None = None
    for name in groups.fields():
        group = groups.required_section(name)
        found = _weights_scheme(group)
        targets = group.words("targets")
        if not targets or "Linear" in targets:
            default = default or found
        named.update({_canonical(target): found for target in targets if target != "Linear"})
    excluded = _Names([*section.words("ignore"), *section.words("exclude_modules")])
    return _Checkpoint(default or scheme("fp8"), excluded, named, _kv_bytes(section), only_named=default is None)


def _by_method(config: HFConfig, section: HFConfig) -> Quantization:
    method = section.word("", "quant_method")
    excluded = _Names([*section.words("modules_to_not_convert"), *section.words("ignored_layers")])
    if method == "fp8":
        block = section.integers("weight_block_size", 2, least=1) if section.has("weight_block_size") else None
        default = scheme("fp8_block").grouped((block[0], block[1])) if block else scheme("fp8")
    elif method == "mxfp4":
        default = scheme("mxfp4")
    elif method in ("gptq", "awq"):
        default = scheme("int4_group").grouped((1, section.integer_or(128, "group_size")))
    else:
        section.fail("quant_method", method, "one of fp8, mxfp4, gptq, awq, or config_groups or quant_algo")
    result = _Checkpoint(default, excluded, {}, _kv_bytes(section), only_named=False)
    # DeepSeek-V4 keeps its experts narrower than the rest, with one E8M0 scale for 32 numbers.
    return result.with_experts(scheme("mxfp4")) if config.word("", "expert_dtype") == "fp4" else result
