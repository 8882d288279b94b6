"""Turn a stored config into what a native class can be asked to read. Needs no torch."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.oracle.rules import BuildRule

Config = dict[str, object]

_SUFFIX = "_config.json"
_QUANT_SUFFIX = "_hf_quant_config.json"


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """One `<Org>--<Model>_config.json`, with the SHA-256 of its bytes."""

    model: str
    path: Path
    sha256: str
    raw: Config

    @property
    def architecture(self) -> str:
        """The first class that the config declares; empty where it declares none."""
        declared = self.raw.get("architectures")
        first = declared[0] if isinstance(declared, list) and declared else ""
        return first if isinstance(first, str) else ""

    @property
    def model_type(self) -> str:
        """What the config calls its own format."""
        value = self.raw.get("model_type", "")
        return value if isinstance(value, str) else ""


def stored_configs(folder: Path) -> Iterator[StoredConfig]:
    """Yield the stored configs, sorted by file name.

    Raises:
        DataFileError: A file is not a JSON object, or the folder has none.
    """
    paths = sorted(path for path in folder.glob(f"*{_SUFFIX}") if not path.name.endswith(_QUANT_SUFFIX))
    if not paths:
        raise DataFileError(str(folder), "no stored config", f"files named <Org>--<Model>{_SUFFIX}")
    for path in paths:
        content = path.read_bytes()
        try:
            raw = json.loads(content)
        except ValueError as error:
            raise DataFileError(str(path), str(error), "a JSON document") from error
        if not isinstance(raw, dict):
            raise DataFileError(str(path), type(raw).__name__, "a JSON object")
        model = path.name.removesuffix(_SUFFIX).replace("--", "/", 1)
        yield StoredConfig(model, path, hashlib.sha256(content).hexdigest(), raw)


def stripped(value: object, names: tuple[str, ...]) -> object:
    """Copy a JSON value without the named fields, at any depth."""
    if isinstance(value, dict):
        return {key: stripped(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [stripped(item, names) for item in value]
    return value


def _pop(config: Config, dotted: str) -> tuple[bool, object]:
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = config.get(parent)
        if not isinstance(inner, dict):
            return False, None
        config = inner
    return (True, config.pop(last)) if last in config else (False, None)


def _put(config: Config, dotted: str, value: object) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = config.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{parent} is no object")
        config = inner
    config[last] = value


def adapted(config: Config, rule: BuildRule | None, model_type: str) -> Config:
    """Spell a stripped config as the class that will read it does: renamed, nested, with the class's `model_type`."""
    result = copy.deepcopy(config)
    if rule is not None:
        for theirs, ours in rule.rename.items():
            found, value = _pop(result, theirs)
            if found:
                _put(result, ours, value)
        for theirs, translation in rule.translate.items():
            found, value = _pop(result, theirs)
            if found and isinstance(value, list) and all(str(item) in translation.words for item in value):
                _put(result, translation.to, [translation.words[str(item)] for item in value])
            elif found:
                _put(result, theirs, value)
        if rule.nest:
            inner = {key: value for key, value in result.items() if key not in ("architectures", "model_type")}
            result = {"architectures": result.get("architectures", []), rule.nest: inner}
    result["model_type"] = model_type
    return result
