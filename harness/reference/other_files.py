"""What a JSON file is that was given instead of a model's config, by rules that are data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harness.data_files import Record, data_path, load_toml
from harness.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.reference.json_file import JsonObject


class _Other(Record):
    name: str
    told_by: tuple[tuple[str, ...], ...]
    instead: str


class _OtherFiles(Record):
    only_in_models: tuple[str, ...]
    files: tuple[_Other, ...]


@cache
def _others() -> _OtherFiles:
    return load_toml(data_path("fixtures", "other_files.toml"), _OtherFiles)


def refuse_other(path: Path, content: JsonObject) -> None:
    """Refuse a file that is plainly something else than a model's config.

    Raises:
        ConfigError: It is, and the message says what and where the config is.
    """
    # Configs may have fields of these files too, but these files never declare a model class.
    if "architectures" in content or not content.keys().isdisjoint(_others().only_in_models):
        return
    for other in _others().files:
        told = next((fields for fields in other.told_by if content.keys() >= set(fields)), None)
        if told is not None:
            found = f"{other.name} (it has {' and '.join(told)})"
            raise ConfigError(str(path), found, "a model's config.json", other.instead)
