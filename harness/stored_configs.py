"""The stored model configs: `model_configs/<Org>--<Model>_config.json`, named after the HuggingFace id."""

from __future__ import annotations

from pathlib import Path

from harness.data_files import data_path

_SUFFIX = "_config.json"
_QUANT_SUFFIX = "_hf_quant_config.json"


def stored_models(folder: Path | None = None) -> tuple[str, ...]:
    """HuggingFace ids of the stored configs, sorted."""
    folder = folder or data_path("model_configs")
    names = (path.name for path in folder.glob(f"*{_SUFFIX}") if not path.name.endswith(_QUANT_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX).replace("--", "/", 1) for name in names))
