"""How a config says which layer is of which kind, found out by comparing its fields with the plan.

A rule is a reading of one field that gives exactly the kinds of the plan; a field that only happens to be there gives
none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from harness.errors import ConfigError
from harness.guide.fields import NESTING, beyond_plain
from harness.reference.architectures import plan_for
from harness.reference.by_fields import guess
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.guide.reading import Reading

Kinds = tuple[str, ...]
"""The kind of mixer, or of feed-forward, of every layer."""

_LONGEST_INTERVAL = 12
_SCALARS = ("full_attention_interval", "sliding_window_pattern")
_LIST = "layer_types"
_WRITTEN = {"full": "full_attention", "window": "sliding_attention", "chunked": "chunked_attention"}
"""How `layer_types` spells kinds; every recurrent mixer is `linear_attention`."""


class Form(StrEnum):
    """How a field says it."""

    UNIFORM = "uniform"
    """No field: all layers are of one kind."""
    LIST = "list"
    """A value, or a letter, for each layer."""
    NUMBERS = "numbers"
    """The numbers of the layers that are special."""
    INTERVAL = "interval"
    """Every n-th layer is special."""
    PREFIX = "prefix"
    """The first n layers are special."""
    FIXED = "fixed"
    """No single field: the model class itself, or several fields together."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One field's reading.

    Attributes:
        part: What of a layer it says.
        form: How.
        field: The field, dotted below the text decoder's section; empty if there is none.
        value: What stands there.
        kinds: What it gives.
        meanings: For a list, what each value means.
        special, plain: For numbers, intervals and prefixes, the kind of the layers meant and that of the others.
        first: Number of the layer that is counted first, or for an interval the rest that the special layers leave.
        offset: For an interval, the field that gives `first`; empty if the class does.
    """

    part: Literal["mixer", "ffn"]
    form: Form
    kinds: Kinds
    field: str = ""
    value: object = None
    meanings: tuple[tuple[object, str], ...] = ()
    special: str = ""
    plain: str = ""
    first: int = 0
    offset: str = ""

    @property
    def means(self) -> str:
        """The reading in words."""
        counts = Counter(self.kinds)
        if self.form is Form.UNIFORM:
            return f"every layer is {self.kinds[0]}"
        if self.form is Form.LIST:
            named = (f"{_plain(value)} is {kind} ({counts[kind]} layers)" for value, kind in self.meanings)
            return "one value for each layer: " + ", ".join(named)
        rest = f"are {self.special} ({counts[self.special]}), the others {self.plain} ({counts[self.plain]})"
        if self.form is Form.NUMBERS:
            return f"the layers with these numbers, counted from {self.first}, {rest}"
        if self.form is Form.INTERVAL:
            every = self.value if isinstance(self.value, int) else 0
            return f"layers {self.first}, {self.first + every}, {self.first + 2 * every} and so on {rest}"
        if self.form is Form.PREFIX:
            return f"the layers before this number {rest}"
        return "no single field says it; the model class does: " + ", ".join(
            f"{n} {kind}" for kind, n in counts.items()
        )

    def at(self, layer: int) -> str:
        """What made one layer what it is."""
        if self.form is Form.LIST and isinstance(self.value, list | str):
            return f"{self.field}[{layer}] = {_plain(self.value[layer])}"
        if self.form in (Form.UNIFORM, Form.FIXED):
            return ""
        return f"{self.field} = {_plain(self.value)}" if not isinstance(self.value, list) else self.field


def rules(reading: Reading, part: Literal["mixer", "ffn"]) -> tuple[Rule, ...]:
    """Fields of this config that give the kinds of the plan, lists before numbers."""
    kinds = tuple(kinds[part == "ffn"] for kinds in reading.plan.kinds)
    if len(set(kinds)) == 1:
        return (Rule(part, Form.UNIFORM, kinds),)
    found = [
        rule
        for field, value in _candidates(reading.config)
        for rule in _rules(part, kinds, field, value, reading.config.text())
    ]
    judged = [(rule, _is_obeyed(reading, rule)) for rule in found]
    proved = [rule for rule, obeyed in judged if obeyed]
    found = sorted(
        proved or [rule for rule, obeyed in judged if obeyed is None], key=lambda rule: list(Form).index(rule.form)
    )
    return tuple({rule.field: rule for rule in reversed(found)}.values())[::-1] or (Rule(part, Form.FIXED, kinds),)


def _is_obeyed(reading: Reading, rule: Rule) -> bool | None:
    """Whether another value of the field gives what the rule says, for a field may fit by chance.

    None where the reference refuses the other value, because a second field would contradict it.
    """
    changed = _changed(rule)
    kinds = _kinds_with(reading, changed.field, changed.value, rule.part)
    return kinds == changed.kinds if kinds else None


def other_spelling(reading: Reading, rule: Rule) -> Rule | None:
    """Another spelling of the same mixers that the reference reads; None if there is none."""
    spellings = _as_interval(rule) if rule.form is Form.LIST else _as_list(rule)
    for other, changed in spellings:
        # A spelling that the reference ignores would give the same for any value.
        if all(
            _kinds_with(reading, each.field, each.value, "mixer", rule.field) == each.kinds for each in (other, changed)
        ):
            return other
    return None


def _kinds_with(reading: Reading, field: str, value: object, part: str, instead_of: str = "") -> Kinds:
    """Kinds that the reference reads with another value in a field; none where it refuses the config."""
    raw = reading.config.raw()
    path = reading.config.text().path
    section = _inner(raw, path.split(".") if path else [])
    section.pop(instead_of, None)
    *above, last = field.split(".")
    _inner(section, above)[last] = value
    config = HFConfig(reading.config.source, raw, reading.config.model, reading.config.quantization)
    try:
        plan = plan_for(config) if reading.source else guess(config).plan
    except ConfigError:
        return ()
    return tuple(kinds[part == "ffn"] for kinds in plan.kinds)


def runs(values: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """A sequence as runs of equal values: how many, what."""
    return tuple((sum(1 for _ in group), value) for value, group in groupby(values))


def read_in(config: HFConfig) -> Iterator[tuple[str, str, object]]:
    """Fields beyond the plain ones that the reference read: group, name below the text decoder's section, value.

    Of a section, the fields that were read in it.
    """
    text = config.text()
    for group, fields in beyond_plain(config).items():
        for field in fields if group != NESTING else ():
            value = text.get(field)
            section = text.section(field) if isinstance(value, dict) else None
            if section is None:
                yield group, field, value
                continue
            inside = section.read_fields()
            yield from ((group, f"{field}.{name}", section.get(name)) for name in section.fields() if name in inside)


def _candidates(config: HFConfig) -> Iterator[tuple[str, object]]:
    fields = list(read_in(config))
    for wanted in (True, False):
        for group, field, value in fields:
            # A number outside the pattern's own fields may divide the layers by chance.
            if (group == "pattern") is wanted and (wanted or isinstance(value, list | str)):
                yield field, value


def _rules(part: Literal["mixer", "ffn"], kinds: Kinds, field: str, value: object, text: HFConfig) -> Iterator[Rule]:
    if isinstance(value, list | str) and len(value) >= len(kinds):
        pairs = dict.fromkeys((item, kind) for item, kind in zip(value, kinds, strict=False) if _is_plain(item))
        if len({item for item, _ in pairs}) == len(pairs) > 1:
            yield Rule(part, Form.LIST, kinds, field, value, meanings=tuple(pairs))
    distinct = tuple(dict.fromkeys(kinds))
    if len(distinct) == 2:  # noqa: PLR2004 - a number tells two kinds apart, no more
        for special, plain in (distinct, distinct[::-1]):
            blank = Rule(part, Form.FIXED, kinds, field, value, special=special, plain=plain)
            yield from _numbers(blank) if isinstance(value, list) else _scalars(blank, text)


def _numbers(blank: Rule) -> Iterator[Rule]:
    places = [index for index, kind in enumerate(blank.kinds) if kind == blank.special]
    for first in (0, 1):
        if blank.value == [index + first for index in places]:
            yield replace(blank, form=Form.NUMBERS, first=first)


def _scalars(blank: Rule, text: HFConfig) -> Iterator[Rule]:
    number, layers = blank.value, len(blank.kinds)
    if not isinstance(number, int) or isinstance(number, bool):
        return
    offset = blank.field.replace("period", "offset")
    offset = offset if offset != blank.field and offset in text.read_fields() else ""
    for first in (text.get(offset),) if offset else (number - 1, 0):
        # An interval that no layer repeats is none.
        repeats = isinstance(first, int) and 1 < number <= layers - first - 1
        if repeats and isinstance(first, int):
            rule = replace(blank, form=Form.INTERVAL, first=first, offset=offset)
            if _interval(layers, number, first, rule.special, rule.plain) == rule.kinds:
                yield rule
    if tuple(blank.special if index < number else blank.plain for index in range(layers)) == blank.kinds:
        yield replace(blank, form=Form.PREFIX)


def _inner(section: dict[str, object], path: Sequence[str]) -> dict[str, object]:
    for name in path:
        inner = section[name]
        if not isinstance(inner, dict):
            raise TypeError(name)
        section = inner
    return section


def _changed(rule: Rule) -> Rule:
    """The same rule on another value of its field."""
    layers = len(rule.kinds)
    if isinstance(rule.value, str):
        moved = rule.value[1:layers] + rule.value[0] + rule.value[layers:]
        return replace(rule, value=moved, kinds=rule.kinds[1:] + rule.kinds[:1])
    if isinstance(rule.value, list) and rule.form is Form.LIST:
        moved_list = [*rule.value[1:layers], rule.value[0], *rule.value[layers:]]
        return replace(rule, value=moved_list, kinds=rule.kinds[1:] + rule.kinds[:1])
    if isinstance(rule.value, list):
        kept = rule.value[:-1]
        special = {number - rule.first for number in kept}
        kinds = tuple(rule.special if index in special else rule.plain for index in range(layers))
        return replace(rule, value=kept, kinds=kinds)
    number = rule.value + 1 if isinstance(rule.value, int) else 1
    if rule.form is Form.PREFIX:
        kinds = (rule.special,) * number + (rule.plain,) * (layers - number)
        return replace(rule, value=number, kinds=kinds[:layers])
    first = rule.first if rule.offset or not rule.first else number - 1
    return replace(rule, value=number, kinds=_interval(layers, number, first, rule.special, rule.plain))


def _interval(layers: int, every: int, first: int, special: str, plain: str) -> Kinds:
    return tuple(special if index % every == first else plain for index in range(layers))


def _as_interval(rule: Rule) -> Iterator[tuple[Rule, Rule]]:
    """The list as an interval, and another interval that must be read otherwise."""
    if rule.part != "mixer" or set(rule.kinds) != {"full", *rule.kinds} or len(set(rule.kinds)) != 2:  # noqa: PLR2004
        return
    plain, layers = next(kind for kind in rule.kinds if kind != "full"), len(rule.kinds)
    for every in range(2, _LONGEST_INTERVAL + 1):
        if _interval(layers, every, every - 1, "full", plain) == rule.kinds:
            for field in _SCALARS:
                same, changed = (
                    Rule(
                        "mixer",
                        Form.INTERVAL,
                        _interval(layers, number, number - 1, "full", plain),
                        field,
                        number,
                        special="full",
                        plain=plain,
                        first=number - 1,
                    )
                    for number in (every, every + 1)
                )
                yield same, changed


def _as_list(rule: Rule) -> Iterator[tuple[Rule, Rule]]:
    """Numbers or a default of the class as a list, and another list that must be read otherwise."""
    distinct = tuple(dict.fromkeys(rule.kinds))
    written = {kind: _WRITTEN.get(kind, "linear_attention") for kind in distinct}
    if rule.part != "mixer" or len(distinct) == 1 or len(set(written.values())) != len(distinct):
        return
    meanings = tuple((written[kind], kind) for kind in distinct)
    same, changed = (
        Rule("mixer", Form.LIST, kinds, _LIST, [written[kind] for kind in kinds], meanings=meanings)
        for kinds in (rule.kinds, rule.kinds[1:] + rule.kinds[:1])
    )
    yield same, changed


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int)


def _plain(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 40 else f"{text[:36]} ..."  # noqa: PLR2004 - a cell of a table
