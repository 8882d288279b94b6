"""A model with other layers: its config is edited, the reference proves the edit, and the subject is asked again.

What a subject says about a model becomes a vector: how often each op runs in each phase, what its weights take, and
what a sequence keeps. An op is known by what it computes and for which sizes, never by its name, so that nothing here
knows what a release calls anything. Vectors are compared, subtracted and added.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from harness.checks.config_edits import changed as with_field
from harness.checks.config_edits import pattern_fields as fields
from harness.checks.config_edits import relayered, respelled, value_at, without
from harness.checks.subject_model import SubjectModel
from harness.errors import ConfigError
from harness.reference.hf_config import HFConfig
from harness.subjects.models import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.checks.config_edits import Raw, Spelling
    from harness.reference.layers import Layer, LayerPlan
    from harness.subjects.models import BuiltModel, Op

Key = tuple[object, ...]
Vector = dict[Key, float]
_ROUNDING = 1e-9
"""Of sums of floats; bytes and counts are whole."""

_QUANTIZATION = "quantization_config"


def vector(built: BuiltModel) -> Vector:
    """What a subject says about a model, as numbers that can be subtracted.

    Keys are `(phase, "runs" or "bytes", what the op computes)` and `("cache", tokens)`. Where an op stands for layers
    of which a share does something, that many runs have a key of their own.
    """
    result: Vector = defaultdict(float)
    for phase, ops in (("prefill", built.prefill), ("decode", built.decode), ("encoder", built.encoder)):
        for op in ops:
            key = _op_key(op)
            result[phase, "runs", key] += op.count
            result[phase, "bytes", key] += op.weight_bytes
            for name, share in _shares(op):
                result[phase, "runs", (*key, name)] += op.count * share
    for length, size in built.cache_bytes.items():
        result["cache", length] += size
    return {key: value for key, value in result.items() if value}


def _op_key(op: Op) -> Key:
    sizes = op.rows, op.columns, op.heads, op.kv_heads, op.head_dim, op.window, op.experts, op.top, op.inner
    shares = {name for name, _ in _shares(op)}
    rest = tuple((name, None if name in shares else value) for name, value in op.extra)
    # What a release adds may hold objects that cannot be keys; they print alike where they are alike.
    return op.kind.value, bool(op.alternative), *sizes, op.precision, repr(rest)


def _shares(op: Op) -> tuple[tuple[str, float], ...]:
    """Facts that say which share of an op's layers does something: with the layers they change, and the sum counts."""
    return tuple((name, value) for name, value in op.extra if isinstance(value, float) and 0 < value <= 1)


def total(parts: Iterable[tuple[float, Vector]]) -> Vector:
    """Sum of vectors, each taken so many times; what cancels out is left out."""
    result: Vector = defaultdict(float)
    size: Vector = defaultdict(float)
    for times, part in parts:
        for key, value in part.items():
            result[key] += times * value
            size[key] = max(size[key], abs(times * value))
    return {key: value for key, value in result.items() if abs(value) > _ROUNDING * size[key]}


def difference(after: Vector, before: Vector) -> Vector:
    """What was added; empty if both are the same."""
    return total(((1, after), (-1, before)))


def part_of(whole: Vector, name: str) -> Vector:
    """The `runs`, `bytes` or `cache` of a vector."""
    return {key: value for key, value in whole.items() if name in key[:2]}


def shown(what: Vector, most: int = 4) -> str:
    """A vector in words, the largest entries of it."""
    if not what:
        return "nothing"
    largest = sorted(what.items(), key=lambda item: (-abs(item[1]), str(item[0])))
    words = [f"{value:+,.10g} {_name(key)}" for key, value in largest[:most]]
    return ", ".join(words) + (f" and {len(largest) - most} more" if len(largest) > most else "")


def _name(key: Key) -> str:
    if key[0] == "cache":
        return f"bytes kept at {key[1]} tokens"
    phase, unit, op = key
    kind, _, *sizes = cast("Key", op)
    return f"{unit} of {phase} {kind}({', '.join(str(size) for size in sizes[:9] if size)})"


class EditedModels:
    """Variants of one model, all at 16 bits, each asked about once.

    Args:
        model: The model.
    """

    def __init__(self, model: SubjectModel) -> None:
        self._subject, self._name = model.subject, model.name
        raw = model.config.raw()
        self.section = model.config.text().path
        for path in (_QUANTIZATION, f"{self.section}.{_QUANTIZATION}" if self.section else ""):
            raw = without(raw, path) if path else raw
        self.raw: Raw = raw
        self._orders: dict[tuple[int, ...], SubjectModel | None] = {}
        self._vectors: dict[tuple[str, str], Vector] = {}
        self.base = self.model(raw)
        self.plan = self.base.plan
        """The reference's reading of the config without its quantization."""

    @property
    def text(self) -> Raw:
        """The text decoder's config."""
        value = value_at(self.raw, self.section) if self.section else self.raw
        return dict(value) if isinstance(value, dict) else {}

    @property
    def kinds(self) -> tuple[tuple[str, Layer, int], ...]:
        """Each different layer: its name, the layer, and the last place where it stands."""
        names: dict[str, int] = defaultdict(int)
        result = []
        for layer, _, _ in self.plan.distinct:
            name = "+".join(layer.kinds)
            names[name] += 1
            last = max(index for index, each in enumerate(self.plan.layers) if each == layer)
            result.append((name if names[name] == 1 else f"{name}.{names[name]}", layer, last))
        return tuple(result)

    def model(self, raw: Raw) -> SubjectModel:
        """Another config as a model."""
        return SubjectModel(self._subject, HFConfig(f"{self._name}, edited", raw, self._name))

    def with_text(self, text: Raw) -> Raw:
        """The config with another text section."""
        return with_field(self.raw, self.section, text) if self.section else text

    def arranged(self, order: Sequence[int]) -> SubjectModel | None:
        """The model with other layers, each a copy of one of its own; None where its fields cannot say so."""
        key = tuple(order)
        if key not in self._orders:
            self._orders[key] = self._arranged(key)
        return self._orders[key]

    def _arranged(self, order: tuple[int, ...]) -> SubjectModel | None:
        wanted = tuple(self.plan.layers[index] for index in order)
        edits = [relayered(self.text, len(self.plan.layers), order)]
        edits += self._spelled_out(edits[0], wanted)
        for text in edits:
            candidate = self.model(self.with_text(text))
            if self._proves(candidate, wanted):
                return candidate
        return None

    def _spelled_out(self, text: Raw, layers: tuple[Layer, ...]) -> list[Raw]:
        """The text with every layer named one by one, for patterns that no interval or count can express."""
        result = dict(text)
        parts: set[str] = set()
        for spelling in fields().spellings:
            named = spelling.form in ("list", "letters", "numbers")
            if named and spelling.part not in parts and spelling.concerns(self.plan.architecture):
                edited = respelled(result, spelling, layers)
                if edited is not None:
                    result = edited
                    parts.add(spelling.part)
        return [result] if parts else []

    def spelled(self, spelling: Spelling) -> SubjectModel | None:
        """The very model with its layers told in another way; None where that cannot express them or is the same."""
        text = respelled(self.text, spelling, self.plan.layers)
        if text is None or text == self.text:
            return None
        candidate = self.model(self.with_text(text))
        return candidate if self._proves(candidate, self.plan.layers) else None

    def _proves(self, candidate: SubjectModel, layers: tuple[Layer, ...]) -> bool:
        try:
            plan = candidate.plan
        except ConfigError:
            return False
        return plan.layers == layers and plan.ends == self.plan.ends

    def vector(self, variant: SubjectModel, backend: str = BACKENDS[0]) -> Vector:
        """What the subject says about a variant."""
        key = variant.ref, backend
        if key not in self._vectors:
            # Not kept as a built model: a model has dozens of variants.
            self._vectors[key] = vector(self._subject.build(variant.request(backend=backend)))
        return self._vectors[key]

    def appended(self, place: int, times: int = 1) -> SubjectModel | None:
        """The model with copies of a layer right behind it."""
        order = list(range(len(self.plan.layers)))
        return self.arranged([*order[: place + 1], *[place] * times, *order[place + 1 :]])


_KNOWN: WeakKeyDictionary[SubjectModel, EditedModels] = WeakKeyDictionary()


def edited(model: SubjectModel) -> EditedModels:
    """The variants of a model, shared by all checks on it."""
    if model not in _KNOWN:
        _KNOWN[model] = EditedModels(model)
    return _KNOWN[model]


def same_text(first: LayerPlan, second: LayerPlan) -> bool:
    """Whether two plans have the same text decoder."""
    return (first.layers, first.ends, first.tied) == (second.layers, second.ends, second.tied)
