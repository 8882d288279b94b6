"""The rules that read a built model: how to adapt a config, and what each parameter and each layer is.

They are data, `fixtures/oracle_rules.toml`; this module gives them their schema and applies them. Needs no torch.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Translation(Record):
    """A per-layer list of codes, in the class's words.

    Attributes:
        to: The class's name for the field.
        words: The class's word for each code, written as text.
    """

    to: str
    words: dict[str, str]


class BuildRule(Record):
    """How to build an architecture whose name or config the library spells differently.

    Attributes:
        architecture: As the config declares it.
        model_class: `module:Class` in `transformers`.
        model_type: The rule holds only for this `model_type`; empty for any.
        nest: Put the whole file under this field, because the class expects a nested config.
        rename: Field in the file (dotted) to the class's name for it.
        translate: Fields that the class wants in other words, by their name in the file.
        why: What allows it.
    """

    architecture: str
    model_class: str
    model_type: str = ""
    nest: str = ""
    rename: dict[str, str] = Field(default_factory=dict)
    translate: dict[str, Translation] = Field(default_factory=dict)
    why: str


class FieldRule(Record):
    """Fields for which a difference between file and class is understood.

    Attributes:
        fields: Names, without the sub-config in front.
        only: Architectures for which it holds; empty for all.
        values: Values for which it holds, written as JSON; empty for any.
        each: The value is a list, and each of its items must be among `values`.
        why: Why it cannot change a count or a layer's kind, or why it is right.
    """

    fields: tuple[str, ...]
    only: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    each: bool = False
    why: str

    def covers(self, architecture: str, field: str, value: object) -> bool:
        """Whether the rule speaks about this field with this value."""
        items = value if self.each and isinstance(value, list) else [value]
        return (
            field in self.fields
            and (not self.only or architecture in self.only)
            and (not self.values or all(json.dumps(item, default=str) in self.values for item in items))
        )


class MixerRule(Record):
    """One kind of mixer; the first rule that fits a module wins.

    Attributes:
        attributes: Attributes of the module with the value they must have; `"set"` and `"unset"` ask whether it is
            anything but None.
        kind: The kind it then is.
        module: Regular expression for the module's class name.
        parameters: Regular expressions that must each be found among the mixer's parameter names.
    """

    attributes: dict[str, bool | int | str] = Field(default_factory=dict)
    kind: str
    module: str
    parameters: tuple[str, ...] = ()


class FfnRule(Record):
    """One kind of feed-forward; the first rule whose every pattern is found among a layer's parameters wins."""

    kind: str
    parameters: tuple[str, ...]


class ComponentRule(Record):
    """One component; the first rule that fits a parameter wins.

    Attributes:
        component: Its name; `{mixer}` stands for the kind of the mixer that the parameter is inside of.
        ffn: The layer's kinds of feed-forward for which the rule holds; empty for all.
        pattern: Regular expression to be found in the parameter's full name.
    """

    component: str
    ffn: tuple[str, ...] = ()
    pattern: str


class Rules(Record):
    """Everything in `fixtures/oracle_rules.toml`.

    Attributes:
        strip: Fields to remove at any depth before a class sees the config.
        immaterial: Fields that cannot shape any model, whatever they hold, and which nobody needs to hear about.
        decoder_layers: Where a model may keep its decoder layers; the first that exists counts.
        mixer_modules: Where a layer may keep mixers, in the order in which their kinds are named.
        tables: Patterns of saved tensors that are no learned weights.
        sub_configs: A sub-config that a file may lack, and the component which then cannot be judged.
        asked_for: A component that is there only when one of these fields asks for it; most classes never build it.
        build: Architectures that are spelled differently in the library.
        transformed: Fields that may load with another value.
        ignored: Fields that a class may leave unused.
        assumed: Fields that a class may fill in although they shape the model.
        mixer: Kinds of mixers.
        ffn: Kinds of feed-forwards.
        component: Components of parameters.
    """

    strip: tuple[str, ...]
    immaterial: frozenset[str]
    decoder_layers: tuple[str, ...]
    mixer_modules: tuple[str, ...]
    tables: tuple[str, ...]
    sub_configs: dict[str, str]
    asked_for: dict[str, tuple[str, ...]]
    build: tuple[BuildRule, ...]
    transformed: tuple[FieldRule, ...]
    ignored: tuple[FieldRule, ...]
    assumed: tuple[FieldRule, ...]
    mixer: tuple[MixerRule, ...]
    ffn: tuple[FfnRule, ...]
    component: tuple[ComponentRule, ...]

    def build_rule(self, architecture: str, model_type: str) -> BuildRule | None:
        """The rule for an architecture, if it needs one."""
        for rule in self.build:
            if rule.architecture == architecture and rule.model_type in ("", model_type):
                return rule
        return None


class UnknownPart(Exception):  # noqa: N818 - it is an outcome, not a fault of the user
    """No rule names this parameter or layer, so that the oracle must not guess."""


def load_rules() -> Rules:
    """Read the rules.

    Raises:
        DataFileError: The file does not follow the schema.
    """
    return load_toml(data_path("fixtures", "oracle_rules.toml"), Rules)


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _fits(wanted: bool | int | str, found: object) -> bool:
    if wanted == "set":
        return found is not None
    if wanted == "unset":
        return found is None
    return found == wanted


def mixer_kind(rules: Rules, module: str, attributes: Mapping[str, object], parameters: Iterable[str]) -> str:
    """Name the kind of a mixer.

    Args:
        rules: The rules.
        module: Class name of the mixer module.
        attributes: The module's plain attributes; a missing one counts as None.
        parameters: Names of its parameters.

    Raises:
        UnknownPart: No rule fits.
    """
    names = tuple(parameters)
    for rule in rules.mixer:
        if (
            _pattern(rule.module).search(module)
            and all(_fits(wanted, attributes.get(name)) for name, wanted in rule.attributes.items())
            and all(any(_pattern(text).search(name) for name in names) for text in rule.parameters)
        ):
            return rule.kind
    raise UnknownPart(f"no mixer rule fits {module}")


def ffn_kind(rules: Rules, parameters: Iterable[str]) -> str:
    """Name the kind of feed-forward from the names of a layer's parameters; a layer without one has none."""
    names = tuple(parameters)
    for rule in rules.ffn:
        if all(any(_pattern(text).search(name) for name in names) for text in rule.parameters):
            return rule.kind
    return "none"


def component_of(rules: Rules, parameter: str, mixer: str = "", ffn: str = "") -> str:
    """Name the component that a parameter belongs to.

    Args:
        rules: The rules.
        parameter: Its full name.
        mixer: Kind of the mixer that it is inside of.
        ffn: Kind of its layer's feed-forward.

    Raises:
        UnknownPart: No rule fits.
    """
    for rule in rules.component:
        if (not rule.ffn or ffn in rule.ffn) and _pattern(rule.pattern).search(parameter):
            return rule.component.replace("{mixer}", mixer)
    raise UnknownPart(f"no component rule fits {parameter}")
