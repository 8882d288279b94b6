"""Ask config classes what they did with a file: what they read, know, fill in, and work out from other fields."""

from __future__ import annotations

import contextlib
import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.oracle.trust import ConfigView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.oracle.prepare import Config

Native: TypeAlias = Any
"""An object of `transformers` or torch: an optional extra, so nothing that runs without it may need its types."""

_DEPTH = "num_hidden_layers"


@contextlib.contextmanager
def recorded_reads(transformers: Native) -> Iterator[defaultdict[str, set[str]]]:
    """Record which fields of which config class are looked at meanwhile."""
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


def config_views(
    loaded: Native,
    config: Config,
    reads: Mapping[str, set[str]],
    immaterial: frozenset[str],
    shapes_model: Callable[[Native], bool],
) -> Iterator[ConfigView]:
    """Set every config object beside its part of the file.

    Args:
        loaded: The config object of the built model.
        config: What it was made from.
        reads: What building the model looked at, by config class.
        immaterial: Fields that never shape a model, which need no probing.
        shapes_model: Whether a config object builds another model than this one.
    """

    def matters(path: str, name: str, value: object) -> bool:
        changed = copy.deepcopy(loaded)
        _part_at(changed, path).__dict__[name] = value
        return shapes_model(changed)

    for path, part, raw in _parts(loaded, config):
        if raw is None:
            yield ConfigView(path, None, {})
            continue
        kind, values, aliases = type(part), vars(part), part.attribute_map
        given = {aliases.get(name, name) for name in raw}
        fresh = _defaults(kind, raw)
        filled = [
            name
            for name in sorted((reads[kind.__name__] & set(values)) - given)
            if values[name] is not None
            and values[name] == fresh.get(name)
            and any(matters(path, name, other) for other in _others(values[name]))
            and not _is_derived(kind, raw, name)
        ]
        unused = [
            name
            for name in sorted(raw.keys() - immaterial)
            if aliases.get(name, name) not in reads[kind.__name__] and not _decides(kind, raw, name)
        ]
        held = {name: _value(part, name) for name in {*raw, *values} if _has(part, name)}
        yield ConfigView(path, raw, held, tuple(unused), tuple(filled))


def _parts(loaded: Native, raw: object, path: str = "") -> Iterator[tuple[str, Native, Config | None]]:
    yield path, loaded, raw if isinstance(raw, dict) else None
    for name in sorted(getattr(loaded, "sub_configs_defaults", None) or {}):
        part = getattr(loaded, name, None)
        if part is not None:
            inner = raw.get(name) if isinstance(raw, dict) else None
            yield from _parts(part, inner, f"{path}.{name}" if path else name)


def _part_at(loaded: Native, path: str) -> Native:
    for name in filter(None, path.split(".")):
        loaded = getattr(loaded, name)
    return loaded


def _value(config: Native, name: str) -> object:
    try:
        return getattr(config, name, None)
    except RuntimeError:
        # A field that differs from layer to layer refuses a single answer; the object itself still holds the file's.
        return vars(config).get(name)


def _has(config: Native, name: str) -> bool:
    try:
        return hasattr(config, name)
    except RuntimeError:
        return True


def _defaults(kind: Native, raw: Config) -> Mapping[str, object]:
    """The class's own values for a model of this depth and nothing else: what it would fill in."""
    depth = {_DEPTH: raw[_DEPTH]} if _DEPTH in raw else {}
    try:
        return dict(vars(kind(**depth)))
    except Exception:  # noqa: BLE001 - a class that cannot do without more has no silent default
        return {}


def _others(value: object) -> tuple[object, ...]:
    """Values to put in a field's place, to see what depends on it."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value * 2 or 1,)
    if isinstance(value, list) and len(set(map(str, value))) > 1:
        return (value[::-1], value[1:] + value[:1])
    if isinstance(value, dict):
        return tuple({**value, name: other} for name, item in value.items() for other in _others(item))
    return ()


def _read_as(kind: Native, raw: Config) -> Config:
    return dict(kind.from_dict(copy.deepcopy(raw)).to_dict())


def _changed(raw: Config, name: str) -> Iterator[Config]:
    """The file without a field, and with other values in it."""
    yield {key: value for key, value in raw.items() if key != name}
    for other in _others(raw[name]):
        yield {**raw, name: other}


def _decides(kind: Native, raw: Config, name: str) -> bool:
    """Whether a field that building the model never read still decides another one when the config is read."""
    try:
        before = _read_as(kind, raw)
        afters = [_read_as(kind, changed) for changed in _changed(raw, name)]
    except Exception:  # noqa: BLE001 - a value that the class checks is a value that it reads
        return True
    before.pop(name, None)
    return any({key: value for key, value in after.items() if key != name} != before for after in afters)


def _is_derived(kind: Native, raw: Config, name: str) -> bool:
    """Whether a field that the file lacks follows from others that it has; the depth alone is no pattern."""
    before = _read_as(kind, raw).get(name)
    for given in raw.keys() - {_DEPTH}:
        for changed in _changed(raw, given):
            with contextlib.suppress(Exception):
                if _read_as(kind, changed).get(name) != before:
                    return True
    return False
