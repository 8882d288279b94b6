"""Writes the dataclass of a model's own parameters, with what reads them from a config."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.guide.pattern_rules import Form
from harness.guide.scaffold.code import bracketed, literal, module, prose, sequence, wrapped
from harness.guide.scaffold.readers import source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.guide.pattern_rules import Rule
    from harness.guide.scaffold.blueprint import Blueprint, Parameter, Pattern

_TYPES = {bool: "bool", int: "int", float: "float", str: "str"}
_READERS = {bool: "_flag", int: "_whole", float: "_number", str: "_word"}


def config_module(blueprint: Blueprint) -> str:
    """Source of the module; it needs nothing but the standard library."""
    used = _used(blueprint)
    head = _head(blueprint, used)
    constants = [line for pattern in blueprint.patterns for line in _constants(pattern)]
    if any(each.fixed for each in blueprint.patterns):
        opening = [head, source("repeated"), constants]
    else:
        opening = [[*head, "", *constants] if constants else head]
    return module(
        [
            *opening,
            _dataclass(blueprint),
            *(_pattern_reader(each) for each in blueprint.patterns),
            *(source(name) for name in sorted(used)),
        ]
    )


def _used(blueprint: Blueprint) -> set[str]:
    """Names of the functions that the module needs."""
    used = {_FORMS[rule.form] for each in blueprint.patterns for rule in each.readings}
    used |= {_reader(each) for each in blueprint.parameters}
    if any(map(_is_optional, blueprint.parameters)):
        used.add("_optional")
    if used & {"_every", "_leading"} or _needs_depth(blueprint):
        used.add("_whole")
    if "_layer_by_layer" in used:
        used.add("_values")
    return used | ({"_value"} if used else set())


def _needs_depth(blueprint: Blueprint) -> bool:
    return bool(blueprint.patterns) or any(each.per_layer for each in blueprint.parameters)


def _head(blueprint: Blueprint, used: set[str]) -> list[str]:
    optional = "_optional" in used
    fixed = any(each.fixed for each in blueprint.patterns)
    names = [*(["Any"] if fixed or "_values" in used else []), "Self", *(["TypeVar"] if optional else [])]
    return [
        f'"""Parameters of {prose(blueprint.architecture)[:60]} beyond those of a plain decoder."""',
        "",
        "from __future__ import annotations",
        "",
        f"from collections.abc import {'Callable, ' if optional else ''}Mapping",
        "from dataclasses import dataclass",
        f"from typing import {', '.join(names)}",
        *(["", 'T = TypeVar("T")'] if optional else []),
    ]


# Constants ----------------------------------------------------------------------------------------------------------


def _constants(pattern: Pattern) -> Iterator[str]:
    for rule in pattern.readings:
        if rule.form in (Form.LIST, Form.STRING):
            items = [f"{literal(str(value))}: {literal(kind)}" for value, kind in rule.meanings]
            yield from bracketed(f"{_meanings(pattern, rule)} = {{", items, "}")
            yield f'"""What the values of `{rule.field}` in this config say of a layer\'s {_word_of(pattern)}."""'
    if pattern.fixed:
        yield from sequence(_fixed(pattern), pattern.kinds)
        yield f'"""{_word_of(pattern).capitalize()} of each layer, where no single field says it."""'


def _word_of(pattern: Pattern) -> str:
    return "mixer" if pattern.part == "mixer" else "feed-forward"


def _meanings(pattern: Pattern, rule: Rule) -> str:
    return f"_{pattern.part}s_of_{rule.field.replace('.', '_').strip('_')}".upper()


def _fixed(pattern: Pattern) -> str:
    return f"_{pattern.part}s".upper()


# The dataclass ------------------------------------------------------------------------------------------------------


def _dataclass(blueprint: Blueprint) -> Iterator[str]:
    yield "@dataclass(frozen=True, slots=True)"
    yield f"class {blueprint.dataclass}:"
    yield '    """What tells the model from a plain decoder.'
    for doubt in blueprint.reading.uncertain:
        yield ""
        yield from wrapped(f"Not certain: {doubt}")
    yield ""
    yield "    Attributes:"
    for pattern in blueprint.patterns:
        yield from wrapped(f"{pattern.attribute}: {_said(blueprint, pattern)}", 2, 1)
    for parameter in blueprint.parameters:
        each = ", one for each layer" if parameter.per_layer else ""
        absent = "" if parameter.required else f"; {parameter.absent!r} where it is missing"
        said = f"From `{blueprint.path(parameter.field)}` ({parameter.group}){each}{absent}."
        yield from wrapped(f"{parameter.attribute}: {said}", 2, 1)
    yield '    """'
    yield ""
    for pattern in blueprint.patterns:
        yield f"    {pattern.attribute}: tuple[str, ...]"
    for parameter in blueprint.parameters:
        yield f"    {parameter.attribute}: {_type(parameter)}"
    yield ""
    yield from _from_config(blueprint)


def _said(blueprint: Blueprint, pattern: Pattern) -> str:
    counts = ", ".join(f"{count} x {kind}" for kind, count in Counter(pattern.kinds).items())
    paths = [f"`{blueprint.path(rule.field)}`" for rule in pattern.readings]
    sources = [*paths, *(["the class itself, or several fields together"] if pattern.fixed else [])]
    what = "what mixes tokens in" if pattern.part == "mixer" else "the feed-forward of"
    return f"{what.capitalize()} each layer: {counts}. From {', else '.join(sources)}."


def _type(parameter: Parameter) -> str:
    if isinstance(parameter.value, tuple):
        return f"tuple[{_TYPES[type(parameter.value[0])]}, ...]"
    return _TYPES[type(parameter.value)] + (" | None" if _is_optional(parameter) else "")


def _from_config(blueprint: Blueprint) -> Iterator[str]:
    yield "    @classmethod"
    yield "    def from_config(cls, config: Mapping[str, object]) -> Self:"
    yield '        """Read the fields of a `config.json`.'
    yield ""
    yield "        Raises:"
    yield "            ValueError: A field is missing or wrong, or does not say of each layer what it is."
    yield '        """'
    if blueprint.section:
        yield "        text = config"
        names = blueprint.section.split(".")
        yield f"        for name in ({', '.join(map(literal, names))}{',' if len(names) == 1 else ''}):"
        yield "            section = text.get(name)"
        yield "            text = section if isinstance(section, Mapping) else text"
    text = "text" if blueprint.section else "config"
    if _needs_depth(blueprint):
        yield f"        layers = {_depth(blueprint, text)}"
    yield "        return cls("
    for pattern in blueprint.patterns:
        section = f"{text}, " if pattern.readings else ""
        yield f"            {pattern.attribute}=_{pattern.attribute}({section}layers),"
    for parameter in blueprint.parameters:
        yield from _reading(parameter, text)
    yield "        )"


def _depth(blueprint: Blueprint, text: str) -> str:
    if blueprint.depth_field:
        return f"_whole({text}, {literal(blueprint.depth_field)}, least=1)"
    listed = (
        rule.field for each in blueprint.patterns for rule in each.readings if rule.form in (Form.LIST, Form.STRING)
    )
    return f"len(_values({text}, {literal(next(listed))}))"


def _reader(parameter: Parameter) -> str:
    return "_values" if isinstance(parameter.value, tuple) else _READERS[type(parameter.value)]


def _is_optional(parameter: Parameter) -> bool:
    """Whether it is None where its field is missing."""
    return not parameter.required and parameter.absent is None


def _reading(parameter: Parameter, text: str) -> list[str]:
    """The argument that reads a parameter."""
    reader, arguments = _reader(parameter), [text, literal(parameter.field)]
    if _is_optional(parameter):
        reader, arguments = "_optional", [reader, *arguments]
    elif not parameter.required and parameter.absent is not False:
        arguments.append(f"absent={literal(parameter.absent)}")
    if parameter.per_layer:
        arguments.insert(2, "layers")
    return bracketed(f"{parameter.attribute}={reader}(", arguments, "),", 3)


# Reading patterns ---------------------------------------------------------------------------------------------------

_FORMS = {
    Form.LIST: "_layer_by_layer",
    Form.STRING: "_layer_by_layer",
    Form.NUMBERS: "_by_number",
    Form.INTERVAL: "_every",
    Form.PREFIX: "_leading",
}


def _pattern_reader(pattern: Pattern) -> Iterator[str]:
    section = "section: Mapping[str, object], " if pattern.readings else ""
    yield f"def _{pattern.attribute}({section}layers: int) -> tuple[str, ...]:"
    if len(pattern.readings) + pattern.fixed > 1:
        yield '    """By the first field that is there, a list before a number."""'
    conditional = pattern.readings if pattern.fixed else pattern.readings[:-1]
    for rule in conditional:
        yield f"    if _value(section, {literal(rule.field)}) is not None:"
        yield from bracketed(f"return {_FORMS[rule.form]}(", _rule_arguments(pattern, rule), ")", 2)
    if pattern.fixed:
        known = _fixed(pattern)
        yield f"    if layers != len({known}):"
        yield f'        raise ValueError(f"found {{layers}} layers; expected {{len({known})}}, whose pattern is known")'
        yield f"    return {known}"
    else:
        rule = pattern.readings[-1]
        yield from bracketed(f"return {_FORMS[rule.form]}(", _rule_arguments(pattern, rule), ")", 1)


def _rule_arguments(pattern: Pattern, rule: Rule) -> list[str]:
    arguments = ["section", literal(rule.field), "layers"]
    if rule.form in (Form.LIST, Form.STRING):
        longer = isinstance(rule.value, list | str) and len(rule.value) > len(pattern.kinds)
        return [*arguments, _meanings(pattern, rule), *(["longer=True"] if longer else [])]
    arguments.append(f"({literal(rule.special)}, {literal(rule.plain)})")
    if rule.form is Form.NUMBERS and rule.first:
        arguments.append(f"first={rule.first}")
    if rule.form is Form.INTERVAL and rule.offset:
        arguments.append(f"offset=_whole(section, {literal(rule.offset)})")
    elif rule.form is Form.INTERVAL and not rule.first:
        arguments.append("offset=0")
    return arguments
