"""Whether a built model may be believed: does it describe the file, or the defaults of its class?

A class reads a config field by field and fills in what it does not find, so a flattened or older config "loads" into a
model that nobody described. Three questions expose that, each answered by comparison and not by a list of known cases:
which fields loaded with another value, which fields of the file did the class not use, and which fields that shape the
model did it fill in. Every answer needs a rule that accepts it. Needs no torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.oracle.rules import FieldRule, Rules


@dataclass(frozen=True, slots=True)
class ConfigView:
    """One config object as the class holds it, beside the part of the file it should come from.

    Attributes:
        path: Where in the file, such as `text_config`; empty for the top.
        raw: That part of the file; None where the file has no such part.
        loaded: The object's value for each field that it knows.
        unused: Fields of the file that building the model never looked at, and that decide no other field.
        filled: Fields that the file lacks, that building the model read, and that change the model when they change.
    """

    path: str
    raw: Mapping[str, object] | None
    loaded: Mapping[str, object]
    unused: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()


@dataclass(slots=True)
class Trust:
    """What the comparison found.

    Attributes:
        objections: Reasons not to believe the model; empty when it may be believed.
        assumed: Accepted defaults, by dotted field.
        ignored: Accepted unused fields, dotted.
        missing_parts: Sub-configs that the file does not have.
    """

    objections: list[str] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    missing_parts: list[str] = field(default_factory=list)


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _covered(rules: tuple[FieldRule, ...], architecture: str, name: str, value: object) -> bool:
    return any(rule.covers(architecture, name, value) for rule in rules)


def _same(stored: object, loaded: object) -> bool:
    if isinstance(stored, list | tuple) and isinstance(loaded, list | tuple):
        return len(stored) == len(loaded) and all(map(_same, stored, loaded))
    # Numbers compare by value: JSON writes 1.0 where a class keeps 1; but True is not 1.
    if isinstance(stored, bool) or isinstance(loaded, bool):
        return stored is loaded
    return stored == loaded


def _text(value: object) -> str:
    text = json.dumps(value, default=str, sort_keys=True)
    limit = 60
    return text if len(text) <= limit else f"{text[:limit]}..."


def judge(rules: Rules, architecture: str, views: list[ConfigView]) -> Trust:
    """Compare the class's config objects with the file.

    Args:
        rules: The rules that accept a difference.
        architecture: The class that the config declares.
        views: The objects, the top one first.
    """
    trust = Trust()
    for view in views:
        if view.raw is None:
            if view.path.rpartition(".")[2] in rules.sub_configs:
                trust.missing_parts.append(view.path)
            else:
                trust.objections.append(
                    f"the file has no {view.path}, so that the class builds its default one: "
                    f"a flattened or foreign config"
                )
            continue
        _judge_one(rules, architecture, view, view.raw, trust)
    return trust


def _judge_one(rules: Rules, architecture: str, view: ConfigView, raw: Mapping[str, object], trust: Trust) -> None:
    for name, stored in sorted(raw.items()):
        dotted = _dotted(view.path, name)
        if name in view.unused:
            if _covered(rules.ignored, architecture, name, stored):
                trust.ignored.append(dotted)
            else:
                trust.objections.append(f"the class ignores {dotted} = {_text(stored)}")
        if (
            name in view.loaded
            and not isinstance(stored, dict)
            and not _same(stored, view.loaded[name])
            and not _covered(rules.transformed, architecture, name, stored)
        ):
            trust.objections.append(f"{dotted} is {_text(stored)} in the file, {_text(view.loaded[name])} when loaded")
    for name in view.filled:
        dotted, value = _dotted(view.path, name), view.loaded.get(name)
        if _covered(rules.assumed, architecture, name, value):
            trust.assumed[dotted] = _text(value)
        else:
            trust.objections.append(f"the class fills in {dotted} = {_text(value)}, which shapes the model")
