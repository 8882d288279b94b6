"""Read a JSON object that somebody else wrote: bounded, strict, with an error that names the place."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

from harness.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 200 * 1000 * 1000
"""A config is some kilobytes; beyond this it is something else, and reading it could fill the memory."""

MAX_DEPTH = 100
"""Levels of nesting; configs have five at most, and deeper ones would exhaust whatever walks them."""

JsonObject = dict[str, object]


class _DuplicateKeyError(ValueError):
    """One object names the same key twice, so that a reader's choice would decide what the model is."""


def read_object(path: Path) -> JsonObject:
    """Read a file that must hold one JSON object; `Infinity` and `NaN` are accepted, as HuggingFace writes them.

    Raises:
        ConfigError: The file cannot be opened, is no regular file, is larger than `MAX_BYTES`, is not JSON, is nested
            too deep, names a key twice, or holds something other than an object.
    """
    where = str(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(where, "no regular file", "a JSON file")
        if status.st_size > MAX_BYTES:
            raise ConfigError(where, f"{status.st_size} bytes", f"a config of at most {MAX_BYTES} bytes")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise ConfigError(where, found, "a readable JSON file") from error
    return parse_object(content, where)


def parse_object(content: bytes, where: str) -> JsonObject:
    """Parse the bytes of one JSON object.

    Args:
        content: The bytes, UTF-8 with or without a byte-order mark.
        where: What to call it in an error.

    Raises:
        ConfigError: As `read_object`.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise ConfigError(
            where, f"values nested deeper than {MAX_DEPTH} levels", "a config with a few levels"
        ) from error
    except _DuplicateKeyError as error:
        raise ConfigError(where, f"the key {error} twice in one object", "every key once") from error
    except ValueError as error:
        raise ConfigError(where, str(error), "a JSON document") from error
    # A file with fewer opening brackets cannot be deeper, which spares nearly every file the walk.
    if content.count(b"{") + content.count(b"[") > MAX_DEPTH and _depth(document) > MAX_DEPTH:
        raise ConfigError(where, f"values nested deeper than {MAX_DEPTH} levels", "a config with a few levels")
    if not isinstance(document, dict):
        raise ConfigError(where, f"a JSON {_NAMES.get(type(document), 'value')} at the top", "a JSON object")
    return document


_NAMES: dict[type, str] = {list: "list", str: "string", int: "number", float: "number", bool: "boolean"}


def _depth(document: object) -> int:
    # Level by level, and without what holds nothing: a list of excluded weights has ten thousands of strings.
    level, deepest = [document], 0
    while level and deepest <= MAX_DEPTH:
        holders = [value for value in level if isinstance(value, dict | list)]
        deepest += bool(holders)
        level = [item for value in holders for item in (value.values() if isinstance(value, dict) else value)]
    return deepest


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(repr(key)[:100])
            seen.add(key)
    return result
