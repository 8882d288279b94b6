"""Where the files of a model are: the config that a path, a folder or an id means, and what stands beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.data_files import data_path
from harness.errors import ConfigError

_NAME = "config.json"
_SUFFIX = "_config.json"
_QUANT_NAME = "hf_quant_config.json"
_QUANT_SUFFIX = f"_{_QUANT_NAME}"
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_NAMED = 3
"""Files that an error names one by one."""


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """The files of one model.

    Attributes:
        config: The config.
        quantization: Where `hf_quant_config.json` is, if there is one.
        model: HuggingFace id where a name tells it, else what the user gave.
    """

    config: Path
    quantization: Path
    model: str


def is_model_id(text: str) -> bool:
    """Whether a text is a HuggingFace id, as far as can be seen."""
    return bool(_MODEL_ID.fullmatch(text)) and ".." not in text and not text.endswith(".json")


def find_config(model_or_path: str | Path, folder: Path | None = None) -> ConfigFiles:
    """Find a config file, the one config of a folder, or a stored model by its HuggingFace id.

    Args:
        model_or_path: What to find. A path that exists comes before an id of the same spelling.
        folder: Where the stored configs are; the harness's own by default.

    Raises:
        ConfigError: There is no such file or id, or a folder has none or several.
    """
    text = str(model_or_path)
    if not text:
        # A path would take it for the folder that the user is in.
        raise ConfigError(repr(text), "nothing", "a path or a model id")
    try:
        path = Path(text)
        if path.is_dir():
            return _in_folder(path, text)
        if path.is_file():
            return _stored(path) if _is_stored(path) else ConfigFiles(path, path.with_name(_QUANT_NAME), text)
        # A loop of links or a device exists without being a file or a folder.
        broken = path.is_symlink() or path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise ConfigError(repr(text)[:200], found, "a path or a model id") from error
    if broken:
        raise ConfigError(text, "a broken link, a loop of links or a special file", "a config file or its folder")
    return _by_id(text, folder or data_path("model_configs"))


def _is_stored(path: Path) -> bool:
    return path.name.endswith(_SUFFIX) and not path.name.endswith(_QUANT_SUFFIX) and "--" in path.name


def _stored(path: Path) -> ConfigFiles:
    stem = path.name.removesuffix(_SUFFIX)
    return ConfigFiles(path, path.with_name(f"{stem}{_QUANT_SUFFIX}"), stem.replace("--", "/", 1))


def _in_folder(folder: Path, given: str) -> ConfigFiles:
    names = sorted(path.name for path in folder.iterdir())
    stored = [folder / name for name in names if _is_stored(folder / name)]
    candidates = [_NAME] * (_NAME in names) + [path.name for path in stored]
    if len(candidates) > 1:
        raise ConfigError(
            given, f"{len(candidates)} configs, {_listed(candidates)}", "one model", "Give the file that you mean."
        )
    if stored:
        return _stored(stored[0])
    if not candidates:
        others = [name for name in names if name.endswith(".json")]
        found = f"no {_NAME}, only {_listed(others)}" if others else f"no {_NAME}"
        raise ConfigError(given, found, "a model's config", "If it has another name, give the file itself.")
    return ConfigFiles(folder / _NAME, folder / _QUANT_NAME, given)


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _by_id(model: str, folder: Path) -> ConfigFiles:
    if not is_model_id(model):
        raise ConfigError(repr(model)[:200], "no such file or folder", "a path, or an id such as Qwen/Qwen3-8B")
    path = folder / f"{model.replace('/', '--')}{_SUFFIX}"
    if not path.is_file():
        raise ConfigError(
            repr(model),
            "no such path and no stored config",
            f"a path, or an id of a config in {folder}",
            "`aic-harness plan --all` shows the stored ones.",
        )
    return _stored(path)
