"""What a scaffold is made from: a model's names, the patterns of its layers, and the fields beyond the plain ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.config_edits import changed
from harness.errors import ConfigError
from harness.guide.fields import MTP, NESTING, beyond_plain
from harness.guide.labels import PARTS, labels
from harness.guide.naming import family_name
from harness.guide.pattern_rules import Form
from harness.guide.patterns import other_spelling, rules
from harness.guide.reading import read
from harness.guide.records import Situation
from harness.guide.scaffold.code import attribute, is_plain
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.guide.labels import Labels, Part
    from harness.guide.pattern_rules import Rule
    from harness.guide.reading import Reading
    from harness.guide.records import Evidence
    from harness.reference.layers import LayerPlan

DEPTH = ("num_hidden_layers", "n_layer", "num_layers")
"""Names of the field with the number of layers."""
_ATTRIBUTES: dict[Part, str] = {"mixer": "layer_mixers", "ffn": "layer_ffns"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What says of every layer what one of its parts is.

    Attributes:
        part: The part.
        attribute: Name of the attribute that holds it.
        kinds: What each layer is.
        readings: Fields that say it, each of them alone, in the order in which they count.
        fixed: The class says it, or several fields together, where none of these is there.
        repeats: Further fields that say it once more, none of which the reference takes alone.
    """

    part: Part
    attribute: str
    kinds: Labels
    readings: tuple[Rule, ...]
    fixed: bool
    repeats: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that say it."""
        return tuple(rule.field for rule in self.readings if rule.field)

    def others(self, rule: Rule) -> tuple[str, ...]:
        """Fields that say it, but for those of one reading."""
        return tuple(field for field in self.fields if field not in (rule.field, rule.offset))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field beyond the plain ones, apart from those that only say which layer is what.

    Attributes:
        attribute: Name of the attribute that holds it.
        field: The field, dotted below the text decoder's section.
        value: Its value.
        group: What it is for.
        per_layer: It has one value for each layer.
        required: The reference refuses a config without it.
        absent: What a config without it says, where it is not required.
    """

    attribute: str
    field: str
    value: object
    group: str
    per_layer: bool
    required: bool
    absent: object


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One model.

    Attributes:
        model: HuggingFace id.
        reading: Config and plan.
        situation: Its situation.
        evidence: What that was decided from.
        patterns: Patterns of its layers, where they differ.
        parameters: Further fields beyond the plain ones.
        left_out: Fields beyond the plain ones that no parameter holds.
        listed: The release takes the model by its id.
    """

    model: str
    reading: Reading
    situation: Situation
    evidence: Evidence
    patterns: tuple[Pattern, ...]
    parameters: tuple[Parameter, ...]
    left_out: tuple[str, ...]
    listed: bool

    @property
    def architecture(self) -> str:
        """Class that the config declares."""
        return self.reading.plan.architecture

    @property
    def section(self) -> str:
        """Path of the text decoder's section, dotted; empty where the fields stand at the top."""
        return self.reading.config.text().path

    def path(self, field: str) -> str:
        """Path of one of the text decoder's fields from the top of the config, dotted."""
        return f"{self.section}.{field}" if self.section else field

    @property
    def depth_field(self) -> str:
        """Field with the number of layers; empty where only the length of a list says it."""
        return next((name for name in DEPTH if self.reading.config.text().has(name)), "")

    @property
    def family(self) -> str:
        """The family that the model belongs to, or the name of the new one."""
        return family_name(self.architecture) if self.is_new_family else self.evidence.family

    @property
    def is_new_family(self) -> bool:
        """Whether no family of the subject fits."""
        return self.situation is Situation.NEW_FAMILY

    @property
    def module(self) -> str:
        """Name of the module with the dataclass."""
        name = family_name(self.architecture).lower()
        return f"{name if name[0].isalpha() else f'model_{name}'}_config"

    @property
    def dataclass(self) -> str:
        """Name of the dataclass; empty where there is nothing to hold."""
        stem = re.sub(r"(For(CausalLM|ConditionalGeneration)|LMHeadModel|Model)$", "", self.architecture)
        name = "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", stem))
        named = name if name[:1].isalpha() else f"Model{name}"
        return f"{named}Config" if self.patterns or self.parameters else ""


def blueprint(model: str, reading: Reading, situation: Situation, evidence: Evidence, *, listed: bool) -> Blueprint:
    """Draw up what a scaffold needs."""
    edited = _Edited(reading)
    patterns = tuple(_patterns(edited))
    used = {name for each in patterns for rule in each.readings for name in (rule.field, rule.offset)}
    used.update(name for each in patterns for name in each.repeats)
    parameters: dict[str, Parameter] = {}
    left_out = []
    for group, field, value in _fields(reading.config):
        if field in used:
            continue
        parameter = _parameter(edited, group, field, value)
        if parameter is None or parameter.attribute in {*parameters, *_ATTRIBUTES.values()}:
            left_out.append(field)
        else:
            parameters[parameter.attribute] = parameter
    return Blueprint(model, reading, situation, evidence, patterns, tuple(parameters.values()), tuple(left_out), listed)


class _Edited:
    """The model with other values in some fields, as the reference reads it.

    Args:
        reading: The model as it is.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        # Edits share what they leave alone, and a list of quantized modules can be long.
        self._raw, self._path = reading.config.raw(), reading.config.text().path

    def plan(self, fields: Mapping[str, object]) -> LayerPlan | None:
        """The plan; None where the reference refuses the values."""
        raw, config = self._raw, self.reading.config
        for field, value in fields.items():
            raw = changed(raw, f"{self._path}.{field}" if self._path else field, value)
        try:
            return read(HFConfig(config.source, raw, config.model, config.quantization)).plan
        except ConfigError:
            return None

    def kinds(self, fields: Mapping[str, object], part: Part) -> Labels:
        """What a part of each layer is; nothing where the reference refuses the values."""
        plan = self.plan(fields)
        return labels(plan, part) if plan else ()


# Patterns -----------------------------------------------------------------------------------------------------------


def _patterns(edited: _Edited) -> Iterator[Pattern]:
    reading = edited.reading
    for part in PARTS:
        kinds = labels(reading.plan, part)
        if len(set(kinds)) > 1:
            said = rules(reading, part)
            fixed = not any(map(_can_be_written, said))
            readings = _readings(edited, said)
            repeats = tuple(rule.field for rule in said if rule.field not in {each.field for each in readings})
            yield Pattern(part, _ATTRIBUTES[part], kinds, readings, fixed, () if fixed else repeats)


def _readings(edited: _Edited, said: Sequence[Rule]) -> tuple[Rule, ...]:
    found = [rule for rule in said if _can_be_written(rule)]
    other = other_spelling(edited.reading, (found or said)[0])
    if other and _can_be_written(other) and other.field not in {rule.field for rule in found}:
        found.append(other)
    ordered = sorted(found, key=lambda rule: list(Form).index(rule.form))
    alone = [rule for rule in ordered if _says_it_alone(edited, rule, [each.field for each in ordered])]
    return tuple(alone or ordered[:1])


def _can_be_written(rule: Rule) -> bool:
    """Whether a reading is of plain values in fields with plain names."""
    says = bool(rule.meanings) if rule.form in (Form.LIST, Form.STRING) else rule.form not in (Form.FIXED, Form.UNIFORM)
    return says and bool(attribute(rule.field)) and all(is_plain(value) for value, _ in rule.meanings)


def _says_it_alone(edited: _Edited, rule: Rule, fields: Sequence[str]) -> bool:
    """Whether the reference reads the same from this field without the others, as it does with another value."""
    for each in (rule, rule.elsewhere()):
        text = dict.fromkeys((field for field in fields if field != rule.field), None) | {rule.field: each.value}
        if edited.kinds(text, rule.part) != each.kinds:
            return False
    return True


# Further fields -----------------------------------------------------------------------------------------------------


def _fields(config: HFConfig) -> Iterator[tuple[str, str, object]]:
    """Fields beyond the plain ones: what for, name, value; of a section those that the reference read in it."""
    text = config.text()
    for group, names in beyond_plain(config).items():
        for name in names if group != NESTING else ():
            # A dot leads into a section; a name with one cannot be told from a path.
            value = None if "." in name else text.get(name)
            section = text.section(name) if isinstance(value, dict) else None
            if section is None:
                yield group, name, value
            else:
                inside = section.read_fields()
                yield from ((group, f"{name}.{each}", section.get(each)) for each in section.fields() if each in inside)


def _parameter(edited: _Edited, group: str, field: str, value: object) -> Parameter | None:
    name = attribute(field)
    if isinstance(value, list) and all(map(is_plain, value)) and len({type(each) for each in value}) == 1:
        value = tuple(value)
    elif not is_plain(value):
        return None
    if not name:
        return None
    required, absent = _without(edited, group, field, value)
    per_layer = isinstance(value, tuple) and len(value) == len(edited.reading.plan.layers)
    return Parameter(name, field, value, group, per_layer, required, absent)


def _without(edited: _Edited, group: str, field: str, value: object) -> tuple[bool, object]:
    """Whether a field must be there, and what a config without it says."""
    if group == MTP and type(value) is int:
        return False, 0
    missing = edited.plan({field: None})
    if isinstance(value, bool):
        as_true = edited.plan({field: True})
        changes = as_true != edited.plan({field: False})
        return False, bool(changes and missing == as_true)
    return missing is None, () if isinstance(value, tuple) else None
