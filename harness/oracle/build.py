"""Build a model from its config without weights, and describe what was built.

The libraries are loaded by name and typed `Native`: they are an optional extra, and nothing that runs without them may
need their types. Nothing here touches the network or standard input, which remote code would ask for permission.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import logging
import os
import re
import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.oracle.prepare import Config, adapted, stripped
from harness.oracle.trust import ConfigView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.oracle.prepare import StoredConfig
    from harness.oracle.rules import Rules


Native: TypeAlias = Any
"""An object of one of the libraries."""

_DEPTH = "num_hidden_layers"


class Unavailable(Exception):  # noqa: N818 - it is an outcome, not a fault of the user
    """The oracle cannot judge this config; the message says why."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One learned tensor of the decoder, tower or projector."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class BuiltMixer:
    """One mixer of a layer, with what the rules may ask about it."""

    path: str
    module: str
    attributes: Mapping[str, object]
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """One decoder layer.

    Attributes:
        path: Where it is in the model.
        mixers: What mixes tokens in it; more than one where they work side by side.
        tensors: All its tensors, by their name in the layer.
        stored: Parameters of those that no earlier layer holds as well.
    """

    path: str
    mixers: tuple[BuiltMixer, ...]
    tensors: tuple[Tensor, ...]
    stored: int


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """What was built, as plain data."""

    built_class: str
    tied: bool
    tensors: tuple[Tensor, ...]
    layers: tuple[BuiltLayer, ...]
    views: tuple[ConfigView, ...]


def load_libraries() -> tuple[Native, Native]:
    """Import `transformers` and torch, offline and quiet."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    transformers, torch = importlib.import_module("transformers"), importlib.import_module("torch")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    return transformers, torch


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Builder:
    """Builds models with one loaded pair of libraries."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._transformers, self._torch = load_libraries()
        self._attributes = sorted({name for rule in rules.mixer for name in rule.attributes})

    @property
    def version(self) -> str:
        """Version of `transformers`."""
        return str(self._transformers.__version__)

    def build(self, stored: StoredConfig) -> BuiltModel:
        """Build one stored config.

        Raises:
            Unavailable: No native class, or the class refuses the config.
        """
        model_class = self._model_class(stored)
        config_class = model_class.config_class
        rule = self._rules.build_rule(stored.architecture, stored.model_type)
        if rule is None and config_class.model_type != stored.model_type:
            raise Unavailable(
                f"the config is a {stored.model_type!r}, but {stored.architecture} reads a {config_class.model_type!r}"
            )
        clean = stripped(stored.raw, self._rules.strip)
        if not isinstance(clean, dict):
            raise Unavailable("the config is no JSON object")
        config = adapted(clean, rule, config_class.model_type)
        with _quiet():
            try:
                loaded = config_class.from_dict(copy.deepcopy(config))
                with _reads(self._transformers) as reads:
                    model = self._instance(model_class, loaded)
            except Exception as error:
                raise Unavailable(
                    f"{model_class.__name__} refuses the config: {type(error).__name__}: {error}"
                ) from error
            views = tuple(self._views(model_class, model, loaded, config, reads))
        return BuiltModel(
            model_class.__name__, self._tied(model), self._tensors(model), tuple(self._layers(model)), views
        )

    def _model_class(self, stored: StoredConfig) -> Native:
        rule = self._rules.build_rule(stored.architecture, stored.model_type)
        if rule is not None:
            module, _, name = rule.model_class.partition(":")
            return getattr(importlib.import_module(module), name)
        found = getattr(self._transformers, stored.architecture, None)
        if found is None or not stored.architecture:
            raise Unavailable(f"transformers {self.version} has no class {stored.architecture or '(none declared)'}")
        return found

    def _instance(self, model_class: Native, config: Native) -> Native:
        with self._torch.device("meta"):
            return model_class(config)

    @staticmethod
    def _tied(model: Native) -> bool:
        head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
        return head is not None and head.weight is embedding.weight

    def _named(self, module: Native) -> Iterator[tuple[str, Native]]:
        # `named_parameters` names a tied tensor once; buffers that are saved with the model are weights as well, but a
        # lookup table of integers is learned by nobody.
        saved = set(module.state_dict())
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if name in saved and not any(re.search(pattern, name) for pattern in self._rules.tables):
                yield name, tensor

    def _tensors(self, module: Native) -> tuple[Tensor, ...]:
        return tuple(Tensor(name, tensor.numel()) for name, tensor in sorted(self._named(module), key=lambda it: it[0]))

    def _layers(self, model: Native) -> Iterator[BuiltLayer]:
        for path in self._rules.decoder_layers:
            with contextlib.suppress(AttributeError):
                stack = model.get_submodule(path)
                break
        else:
            raise Unavailable(f"{type(model).__name__} keeps its decoder layers where no rule looks")
        seen: set[int] = set()
        for index, layer in enumerate(stack):
            mixers = tuple(self._mixers(layer, f"{path}.{index}"))
            if not mixers:
                raise Unavailable(f"{path}.{index} has no mixer where a rule looks")
            own = {id(tensor): tensor.numel() for _, tensor in self._named(layer) if id(tensor) not in seen}
            seen |= own.keys()
            yield BuiltLayer(f"{path}.{index}", mixers, self._tensors(layer), sum(own.values()))

    def _mixers(self, layer: Native, path: str) -> Iterator[BuiltMixer]:
        for name in self._rules.mixer_modules:
            with contextlib.suppress(AttributeError):
                mixer = layer.get_submodule(name)
                attributes = {attribute: _plain(getattr(mixer, attribute, None)) for attribute in self._attributes}
                names = tuple(name for name, _ in self._named(mixer))
                yield BuiltMixer(f"{path}.{name}", type(mixer).__name__, attributes, names)

    def _shape(self, model: Native) -> object:
        layers = [[(mixer.module, mixer.attributes) for mixer in layer.mixers] for layer in self._layers(model)]
        return self._tensors(model), layers

    def _views(
        self,
        model_class: Native,
        model: Native,
        loaded: Native,
        config: Config,
        reads: Mapping[str, set[str]],
    ) -> Iterator[ConfigView]:
        shape = self._shape(model)

        def reshapes(path: str, name: str, value: object) -> bool:
            changed = copy.deepcopy(loaded)
            _at(changed, path).__dict__[name] = value
            try:
                return self._shape(self._instance(model_class, changed)) != shape
            except Exception:  # noqa: BLE001 - a value that breaks the model certainly shapes it
                return True

        for path, part, raw in _parts(loaded, config):
            if raw is None:
                yield ConfigView(path, None, {})
                continue
            aliases = part.attribute_map
            given = {aliases.get(name, name) for name in raw}
            read = reads[type(part).__name__]
            values = vars(part)
            fresh = _fresh(type(part), raw)
            filled = [
                name
                for name in sorted((read & set(values)) - given)
                if _is_default(values[name], fresh.get(name))
                and any(reshapes(path, name, other) for other in _others(values[name]))
                and not _derived(type(part), raw, name)
            ]
            known = set(type(part).__dataclass_fields__)
            unknown = [
                name
                for name in sorted(raw)
                if aliases.get(name, name) not in read | known and not _consumed(type(part), raw, name)
            ]
            held = {name: _value(part, name) for name in {*raw, *values} if _has(part, name)}
            yield ConfigView(path, raw, held, tuple(unknown), tuple(filled))


@contextlib.contextmanager
def _reads(transformers: Native) -> Iterator[defaultdict[str, set[str]]]:
    """Record which fields of which config class the building of a model looks at."""
    base = transformers.PreTrainedConfig
    original = base.__getattribute__
    seen: defaultdict[str, set[str]] = defaultdict(set)

    def spy(config: Native, name: str) -> Native:
        if not name.startswith("_"):
            seen[type(config).__name__].add(original(config, "attribute_map").get(name, name))
        return original(config, name)

    base.__getattribute__ = spy
    try:
        yield seen
    finally:
        base.__getattribute__ = original


def _parts(loaded: Native, raw: object, path: str = "") -> Iterator[tuple[str, Native, Config | None]]:
    yield path, loaded, raw if isinstance(raw, dict) else None
    for name in sorted(getattr(loaded, "sub_configs_defaults", None) or {}):
        part = getattr(loaded, name, None)
        if part is not None:
            inner = raw.get(name) if isinstance(raw, dict) else None
            yield from _parts(part, inner, f"{path}.{name}" if path else name)


def _at(loaded: Native, path: str) -> Native:
    for name in filter(None, path.split(".")):
        loaded = getattr(loaded, name)
    return loaded


def _value(config: Native, name: str) -> object:
    try:
        return getattr(config, name, None)
    except RuntimeError:
        # A field that differs from layer to layer refuses a single answer; the global value is the file's.
        return vars(config).get(name)


def _has(config: Native, name: str) -> bool:
    try:
        return hasattr(config, name)
    except RuntimeError:
        return True


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else type(value).__name__


def _fresh(config_class: Native, raw: Config) -> Mapping[str, object]:
    """The class's own values for a model of this depth and nothing else: what it would fill in."""
    depth = {_DEPTH: raw[_DEPTH]} if _DEPTH in raw else {}
    try:
        return dict(vars(config_class(**depth)))
    except Exception:  # noqa: BLE001 - a class that cannot do without more has no silent default
        return {}


def _is_default(value: object, fresh: object) -> bool:
    return value is not None and value == fresh


def _others(value: object) -> tuple[object, ...]:
    """Values to put in a field's place, to see whether the model depends on it."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value * 2 or 1,)
    if isinstance(value, list) and len(set(map(str, value))) > 1:
        return (value[::-1], value[1:] + value[:1])
    if isinstance(value, dict):
        return tuple({**value, name: other} for name, item in value.items() for other in _others(item))
    return ()


def _read_as(config_class: Native, raw: Config) -> Config:
    return dict(config_class.from_dict(copy.deepcopy(raw)).to_dict())


def _changed(raw: Config, name: str) -> Iterator[Config]:
    """The file without a field, and with other values in it."""
    yield {key: value for key, value in raw.items() if key != name}
    for other in _others(raw[name]):
        yield {**raw, name: other}


def _consumed(config_class: Native, raw: Config, name: str) -> bool:
    """Whether a field without a namesake in the class still decides something when the config is read."""
    try:
        before = _read_as(config_class, raw)
        afters = [_read_as(config_class, changed) for changed in _changed(raw, name)]
    except Exception:  # noqa: BLE001 - a value that the class checks is a value that it reads
        return True
    before.pop(name, None)
    return any({key: value for key, value in after.items() if key != name} != before for after in afters)


def _derived(config_class: Native, raw: Config, name: str) -> bool:
    """Whether a field that the file lacks follows from others that it has; the depth alone is no pattern."""
    before = _read_as(config_class, raw).get(name)
    for given in raw.keys() - {_DEPTH}:
        for changed in _changed(raw, given):
            with contextlib.suppress(Exception):
                if _read_as(config_class, changed).get(name) != before:
                    return True
    return False
