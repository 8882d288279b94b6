"""Real configs that tests of the guide ask about, and releases that lack a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data_files import data_path
from tests.fakes.mutants.answering import changing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from harness.subjects.models import ModelSubject

UNIT = Path(__file__).parents[1] / "unit"
FOLDERS = (UNIT / "guide" / "unknown", UNIT / "reference" / "hybrids")
"""Configs of models that the release does not know."""


def located(model: str) -> str:
    """A model as the guide takes it: the path of a config that lies in one of the folders, or the id itself."""
    found = (folder / f"{model}_config.json" for folder in FOLDERS)
    return str(next((path for path in found if path.is_file()), model))


def edited(model: str, folder: Path, edit: Callable[[dict[str, Any]], object]) -> str:
    """A copy of a stored config with an edit, as `config.json` in a folder."""
    path = data_path("model_configs", f"{model.replace('/', '--')}_config.json")
    raw = json.loads(path.read_text(encoding="utf-8"))
    changed = edit(raw)
    (folder / "config.json").write_text(json.dumps(changed if isinstance(changed, dict) else raw), encoding="utf-8")
    return str(folder)


def before(real: ModelSubject, *architectures: str) -> ModelSubject:
    """A release of the time before these architectures were mapped and their models shipped."""

    def unmapped(mapped: Mapping[str, str]) -> dict[str, str]:
        return {name: family for name, family in mapped.items() if name not in architectures}

    gone = {
        model
        for model in real.bundled_models()
        if json.loads(data_path("model_configs", f"{model.replace('/', '--')}_config.json").read_text())[
            "architectures"
        ][0]
        in architectures
    }
    return changing(
        real,
        {
            "architectures": unmapped,
            "bundled_models": lambda models: tuple(model for model in models if model not in gone),
            "default_models": lambda models: frozenset(models) - gone,
            "roster": lambda models: tuple(model for model in models if model not in gone),
        },
    )
