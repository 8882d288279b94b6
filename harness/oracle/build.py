"""Build a model from its config without weights, and describe what was built.

The libraries are loaded by name, so that nobody needs them to import or to check this package. Nothing here touches the
network: configs come from files, and `auto_map` is gone before a class sees them.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import logging
import os
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.oracle.prepare import adapted, stripped
from harness.oracle.probe import config_views, recorded_reads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.oracle.prepare import StoredConfig
    from harness.oracle.probe import Native
    from harness.oracle.rules import Rules
    from harness.oracle.trust import ConfigView


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
                with recorded_reads(self._transformers) as reads:
                    model = self._instance(model_class, loaded)
            except Exception as error:
                raise Unavailable(
                    f"{model_class.__name__} refuses the config: {type(error).__name__}: {error}"
                ) from error
            shape = self._shape(model)
            views = tuple(
                config_views(
                    loaded,
                    config,
                    reads,
                    self._rules.immaterial,
                    lambda other: self._differs(model_class, other, shape),
                )
            )
            blocks = self._prediction_blocks(model, loaded)
        tensors = (*self._tensors(model), *blocks)
        return BuiltModel(model_class.__name__, self._tied(model), tensors, tuple(self._layers(model)), views)

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

    def _prediction_blocks(self, model: Native, loaded: Native) -> tuple[Tensor, ...]:
        """What the multi-token-prediction blocks hold of their own, for the few classes that can build them."""
        count = getattr(loaded.get_text_config(), "num_mtp_layers", None)
        if not count:
            return ()
        blocks = importlib.import_module("transformers.modeling_layers").MtpModel
        try:
            with self._torch.device("meta"):
                built = blocks(model, count)
        except ValueError:
            # The library does not know which layers the blocks are made of.
            return ()
        # The embedding and the head are the model's.
        theirs = {id(tensor) for tensor in model.parameters()}
        return tuple(Tensor(f"mtp.{name}", it.numel()) for name, it in self._named(built) if id(it) not in theirs)

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

    def _differs(self, model_class: Native, config: Native, shape: object) -> bool:
        try:
            return self._shape(self._instance(model_class, config)) != shape
        except Exception:  # noqa: BLE001 - a value that breaks the model certainly shapes it
            return True


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else type(value).__name__
