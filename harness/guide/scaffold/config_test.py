"""Writes the unit test of a model's parsing, with what the reference reads as expected values."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from harness.guide.pattern_rules import Form
from harness.guide.scaffold.code import bracketed, literal, module, sequence, string
from harness.guide.scaffold.readers import source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.guide.pattern_rules import Rule
    from harness.guide.scaffold.blueprint import Blueprint, Parameter, Pattern


def config_test(blueprint: Blueprint, config: str) -> str:
    """Source of the test.

    Args:
        blueprint: The model.
        config: Path of its config from the test's folder.
    """
    body = [
        _parsed(blueprint),
        *([source("repeated")] if blueprint.patterns else []),
        list(_expected(blueprint)),
        [
            "def test_every_field_is_read() -> None:",
            f"    assert {blueprint.dataclass}.from_config(CONFIG) == EXPECTED",
        ],
        *(part for pattern in blueprint.patterns for part in _of_pattern(blueprint, pattern)),
        *_of_parameters(blueprint),
        *_of_nesting(blueprint),
    ]
    return module([list(_head(blueprint, config, module(body))), *body])


def _head(blueprint: Blueprint, config: str, body: str) -> Iterator[str]:
    yield '"""How the config is read, against what the reference of aiconfigurator-harness reads in it."""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield "import copy"
    if "dataclasses." in body:
        yield "import dataclasses"
    yield "import json"
    yield "from pathlib import Path"
    if "Any" in body:
        yield "from typing import Any"
    yield ""
    if "pytest." in body:
        yield from ("import pytest", "", "# isort: split")
    yield f"from {blueprint.module} import {blueprint.dataclass}"
    yield ""
    yield from bracketed("CONFIG_FILE = Path(__file__).parent.joinpath(", list(map(literal, config.split("/"))), ")")
    yield 'CONFIG = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))'


def _parsed(blueprint: Blueprint) -> list[str]:
    return (
        textwrap.dedent('''\
        def parsed(edits: dict[str, object]) -> {dataclass}:
            """The reading of a copy of the config with other values in some fields, whose paths have dots."""
            config = copy.deepcopy(CONFIG)
            for path, value in edits.items():
                *sections, name = path.split(".")
                part = config
                for section in sections:
                    part = part.setdefault(section, {{}})
                part[name] = value
            return {dataclass}.from_config(config)
        ''')
        .format(dataclass=blueprint.dataclass)
        .splitlines()
    )


def _expected(blueprint: Blueprint) -> Iterator[str]:
    for pattern in blueprint.patterns:
        yield from sequence(_name(pattern), pattern.kinds)
    yield f"EXPECTED = {blueprint.dataclass}("
    for pattern in blueprint.patterns:
        yield f"    {pattern.attribute}={_name(pattern)},"
    for parameter in blueprint.parameters:
        value = parameter.value
        if isinstance(value, tuple):
            last = ",)," if len(value) == 1 else "),"
            yield from bracketed(f"{parameter.attribute}=(", list(map(literal, value)), last, 1)
        else:
            yield f"    {parameter.attribute}={literal(value)},"
    yield ")"


def _name(pattern: Pattern) -> str:
    return f"{pattern.part}s".upper()


# Patterns -----------------------------------------------------------------------------------------------------------


def _of_pattern(blueprint: Blueprint, pattern: Pattern) -> Iterator[list[str]]:
    for rule in pattern.readings:
        yield list(_spelling(blueprint, pattern, rule))
        wrong = list(_wrong(blueprint, pattern, rule))
        if wrong:
            yield list(_refusal(blueprint, pattern, rule, wrong))
    if pattern.readings and not pattern.fixed:
        yield [
            f"def test_{pattern.part}s_that_no_field_says_are_refused() -> None:",
            *_edits(blueprint, dict.fromkeys(pattern.fields, "None")),
            f"    with pytest.raises(ValueError, match={_match(pattern.readings[-1].field)}):",
            "        parsed(edits)",
        ]


def _spelling(blueprint: Blueprint, pattern: Pattern, rule: Rule) -> Iterator[str]:
    """The field alone says the layers, and with another value says others."""
    other, layers = rule.elsewhere(), len(pattern.kinds)
    yield f"def test_{pattern.part}s_by_{_suffix(rule)}() -> None:"
    yield from _value("value", rule)
    yield from _edits(blueprint, {**dict.fromkeys(pattern.others(rule), "None"), rule.field: "value"})
    yield f"    assert parsed(edits).{pattern.attribute} == {_name(pattern)}"
    if rule.form is Form.LIST:
        rest = f", *value[{layers}:]" if _is_longer(pattern, rule) else ""
        yield f"    other = [*value[1:{layers}], value[0]{rest}]"
    elif rule.form is Form.STRING:
        rest = f" + value[{layers}:]" if _is_longer(pattern, rule) else ""
        yield f"    other = value[1:{layers}] + value[0]{rest}"
    else:
        yield from _value("other", other)
    if rule.form in (Form.LIST, Form.STRING):
        yield f"    kinds = (*{_name(pattern)}[1:], {_name(pattern)}[0])"
    else:
        yield from sequence("kinds", other.kinds, indent=1)
    path = literal(blueprint.path(rule.field))
    yield from bracketed("edits |= {", [f"{path}: other"], "}", 1)
    yield f"    assert parsed(edits).{pattern.attribute} == kinds"


def _refusal(blueprint: Blueprint, pattern: Pattern, rule: Rule, wrong: list[str]) -> Iterator[str]:
    yield f"def test_{pattern.part}s_by_{_suffix(rule)}_for_another_depth_are_refused() -> None:"
    if any("value" in each for each in wrong):
        yield from _value("value", rule)
    for value in wrong:
        edits = {**dict.fromkeys(pattern.others(rule), "None"), rule.field: value}
        yield from _edits(blueprint, edits, "edits" if value == wrong[0] else "more")
        yield f"    with pytest.raises(ValueError, match={_match(rule.field)}):"
        yield f"        parsed({'edits' if value == wrong[0] else 'more'})"


def _wrong(blueprint: Blueprint, pattern: Pattern, rule: Rule) -> Iterator[str]:
    """Values that do not say of each layer what it is."""
    layers = len(pattern.kinds)
    if rule.form in (Form.LIST, Form.STRING):
        if blueprint.depth_field:
            yield f"value[:{layers - 1}]"
            if not _is_longer(pattern, rule):
                yield "[*value, value[0]]" if rule.form is Form.LIST else "value + value[0]"
    elif rule.form is Form.NUMBERS:
        yield f"[{layers + rule.first}]"
    elif rule.form is Form.PREFIX:
        yield str(layers + 1)
    else:
        yield "0"


def _is_longer(pattern: Pattern, rule: Rule) -> bool:
    return isinstance(rule.value, list | str) and len(rule.value) > len(pattern.kinds)


def _suffix(rule: Rule) -> str:
    return rule.field.replace(".", "_").strip("_").lower()


def _match(field: str) -> str:
    return literal(field.rpartition(".")[2])


def _value(name: str, rule: Rule) -> list[str]:
    """Assignment of a field's value."""
    value = rule.value
    if isinstance(value, str):
        return string(name, value, 1)
    if rule.form is Form.LIST and isinstance(value, list):
        return sequence(name, value, "[]", 1)
    if isinstance(value, list):
        return bracketed(f"{name} = [", list(map(literal, value)), "]", 1)
    return [f"    {name} = {literal(value)}"]


def _edits(blueprint: Blueprint, fields: dict[str, str], name: str = "edits") -> list[str]:
    items = [f"{literal(blueprint.path(field))}: {value}" for field, value in fields.items()]
    return bracketed(f"{name}: dict[str, object] = {{", items, "}", 1)


# Further fields and nesting -----------------------------------------------------------------------------------------


def _of_parameters(blueprint: Blueprint) -> Iterator[list[str]]:
    counted = [each for each in blueprint.parameters if isinstance(each.value, int | float)]
    if counted:
        items = [f"{literal(each.attribute)}: {literal(blueprint.path(each.field))}" for each in counted]
        yield bracketed("NUMBERS = {", items, "}")
        yield textwrap.dedent("""\
            @pytest.mark.parametrize(("attribute", "path"), NUMBERS.items())
            def test_each_number_is_read_from_its_own_field(attribute: str, path: str) -> None:
                value = getattr(EXPECTED, attribute)
                other = not value if isinstance(value, bool) else value + 1
                changes: dict[str, Any] = {attribute: other}
                assert parsed({path: other}) == dataclasses.replace(EXPECTED, **changes)
            """).splitlines()
    yield from _required(blueprint, [each for each in blueprint.parameters if each.required])
    absent = [each for each in blueprint.parameters if not each.required]
    if absent:
        values = [f"{each.attribute}={literal(each.absent)}" for each in absent]
        yield [
            "def test_what_may_be_missing_has_a_default() -> None:",
            *_edits(blueprint, {each.field: "None" for each in absent}),
            *bracketed("assert parsed(edits) == dataclasses.replace(", ["EXPECTED", *values], ")", 1),
        ]


def _required(blueprint: Blueprint, required: Iterable[Parameter]) -> Iterator[list[str]]:
    paths = [literal(blueprint.path(each.field)) for each in required]
    if paths:
        yield bracketed("REQUIRED = [", paths, "]")
        yield textwrap.dedent("""\
            @pytest.mark.parametrize("path", REQUIRED)
            def test_a_missing_field_is_refused(path: str) -> None:
                with pytest.raises(ValueError, match=path.rpartition(".")[2]):
                    parsed({path: None})
            """).splitlines()


def _of_nesting(blueprint: Blueprint) -> Iterator[list[str]]:
    if not blueprint.section:
        return
    sections = blueprint.section.split(".")
    inner = "".join(f"[{literal(name)}]" for name in sections)
    yield [
        "def test_the_text_decoder_may_stand_at_the_top() -> None:",
        f"    flat = {{name: value for name, value in CONFIG.items() if name != {literal(sections[0])}}}",
        f"    assert {blueprint.dataclass}.from_config(flat | CONFIG{inner}) == EXPECTED",
    ]
    yield [
        "def test_a_field_at_the_top_does_not_stand_for_that_of_the_text_decoder() -> None:",
        f"    decoys = dict.fromkeys(CONFIG{inner}) | CONFIG",
        f"    assert {blueprint.dataclass}.from_config(decoys) == EXPECTED",
    ]
