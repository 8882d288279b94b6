"""How a config says which layer is of which kind, found out by comparing its fields with the plan.

A rule is a reading of one field that gives exactly the kinds of the plan, and whose other values the reference reads
as the rule says; a field that fits by chance gives none.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.config_edits import changed, pattern_fields, respelled, value_at
from harness.errors import ConfigError
from harness.guide.fields import PATTERN, beyond_plain
from harness.guide.labels import labels
from harness.guide.pattern_rules import Form, Rule, numbers_in
from harness.guide.reading import read
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.config_edits import Spelling
    from harness.guide.labels import Part
    from harness.guide.reading import Reading


def rules(reading: Reading, part: Part) -> tuple[Rule, ...]:
    """Fields of a config that give the kinds of the plan, those that name layer by layer first; at least one rule."""
    kinds = labels(reading.plan, part)
    if len(set(kinds)) == 1:
        return (Rule(part, Form.UNIFORM, kinds),)
    of_pattern = beyond_plain(reading.config).get(PATTERN, ())
    proved, possible = [], []
    for field, value in _fields_read(reading.config):
        for rule in _fitting(Rule(part, Form.FIXED, kinds, field, value), reading.config.text()):
            obeyed = _is_obeyed(reading, rule)
            if obeyed:
                proved.append(rule)
            # Another field contradicts the other value; one outside the pattern's own may fit by chance.
            elif obeyed is None and field.partition(".")[0] in of_pattern:
                possible.append(rule)
    found: dict[str, Rule] = {}
    for rule in sorted(proved or possible, key=lambda rule: list(Form).index(rule.form)):
        found.setdefault(rule.field, rule)
    return tuple(found.values()) or (Rule(part, Form.FIXED, kinds),)


def other_spelling(reading: Reading, rule: Rule) -> Rule | None:
    """Another spelling of the same layers that the reference reads; None if there is none.

    Where no recipe reads the architecture, spellings of all others are tried.
    """
    for spelling in pattern_fields().spellings if rule.form is not Form.UNIFORM else ():
        possible = spelling.form != "absent" and spelling.field != rule.field and spelling.part in (rule.part, "either")
        if possible and (reading.is_guess or spelling.concerns(reading.plan.architecture)):
            again = _spelled(reading, spelling)
            found = rules(again, rule.part) if again else ()
            if other := next((each for each in found if each.field == spelling.field), None):
                return other
    return None


def _spelled(reading: Reading, spelling: Spelling) -> Reading | None:
    """The config with its layers told in another way; None where that cannot say the same."""
    raw, path = reading.config.raw(), reading.config.text().path
    section = value_at(raw, path) if path else raw
    text = respelled(section, spelling, reading.plan.layers) if isinstance(section, dict) else None
    again = _read_again(reading, changed(raw, path, text) if path else text) if text is not None else None
    return again if again and again.plan.layers == reading.plan.layers else None


def _fields_read(config: HFConfig) -> Iterator[tuple[str, object]]:
    """Fields of the text decoder that the reference read: name, value; of a section, those that were read in it."""
    text = config.text()
    read_fields = text.read_fields()
    for field in text.fields():
        value = text.get(field) if field in read_fields else None
        section = text.section(field) if isinstance(value, dict) else None
        if section is None:
            yield field, value
            continue
        inside = section.read_fields()
        yield from ((f"{field}.{name}", section.get(name)) for name in section.fields() if name in inside)


def _is_obeyed(reading: Reading, rule: Rule) -> bool | None:
    """Whether another value of the field gives what the rule says; None where the reference refuses that value."""
    other, path = rule.elsewhere(), reading.config.text().path
    field = f"{path}.{other.field}" if path else other.field
    again = _read_again(reading, changed(reading.config.raw(), field, other.value))
    return None if again is None else labels(again.plan, rule.part) == other.kinds


def _read_again(reading: Reading, raw: dict[str, object]) -> Reading | None:
    """Another config of the same model; None where the reference refuses it."""
    config = reading.config
    try:
        return read(HFConfig(config.source, raw, config.model, config.quantization))
    except ConfigError:
        return None


# What fits a field's value ------------------------------------------------------------------------------------------


def _fitting(blank: Rule, text: HFConfig) -> Iterator[Rule]:
    """Rules by which the value alone would give the kinds."""
    if isinstance(blank.value, list | str):
        yield from _layer_by_layer(blank, blank.value)
    kinds = tuple(dict.fromkeys(blank.kinds))
    if len(kinds) == 2:  # noqa: PLR2004 - numbers tell two kinds apart, no more
        for special, plain in (kinds, kinds[::-1]):
            either = replace(blank, special=special, plain=plain)
            yield from _numbers(either)
            yield from _intervals(either, text)
            yield from _prefixes(either)


def _layer_by_layer(blank: Rule, value: list[object] | str) -> Iterator[Rule]:
    if len(value) < len(blank.kinds):
        return
    # As text, for objects cannot be keys.
    pairs = {(json.dumps(item), kind): item for item, kind in zip(value, blank.kinds, strict=False)}
    if len({written for written, _ in pairs}) == len(pairs) > 1:
        form = Form.STRING if isinstance(value, str) else Form.LIST
        are_objects = any(isinstance(item, dict) for item in pairs.values())
        meanings = () if are_objects else tuple((item, kind) for (_, kind), item in pairs.items())
        yield replace(blank, form=form, meanings=meanings)


def _numbers(blank: Rule) -> Iterator[Rule]:
    places = [index for index, kind in enumerate(blank.kinds) if kind == blank.special]
    for first in (0, 1):
        if numbers_in(blank.value) == [index + first for index in places]:
            yield replace(blank, form=Form.NUMBERS, first=first)


def _intervals(blank: Rule, text: HFConfig) -> Iterator[Rule]:
    every, layers = blank.value, len(blank.kinds)
    if not isinstance(every, int) or isinstance(every, bool):
        return
    offset = blank.field.replace("period", "offset")
    offset = offset if offset != blank.field and offset in text.read_fields() else ""
    for first in (text.get(offset),) if offset else (every - 1, 0):
        # An interval that no layer repeats is none.
        if isinstance(first, int) and 1 < every <= layers - first - 1:
            special = tuple(index % every == first for index in range(layers))
            if special == tuple(kind == blank.special for kind in blank.kinds):
                yield replace(blank, form=Form.INTERVAL, first=first, offset=offset)


def _prefixes(blank: Rule) -> Iterator[Rule]:
    number, layers = blank.value, range(len(blank.kinds))
    if isinstance(number, int) and [index < number for index in layers] == [
        kind == blank.special for kind in blank.kinds
    ]:
        yield replace(blank, form=Form.PREFIX)
