"""One recipe file for each family of architectures, found by looking into this folder.

A recipe turns a config into a layer plan. It names the file that defines what the config's values mean.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from harness.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan

    Build = Callable[[HFConfig], LayerPlan]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to read the configs of a family.

    Attributes:
        architectures: Names that configs declare.
        source: Where the meaning of the fields comes from.
        build: Turns a config into a plan.
        inner: Names that the section with the text decoder may declare besides these.
    """

    architectures: tuple[str, ...]
    source: str
    build: Build
    inner: tuple[str, ...] = ()

    def reads(self, architecture: str) -> bool:
        """Whether a text decoder of that name is one that this recipe reads."""
        return architecture in self.architectures or architecture in self.inner


_FOUND: dict[str, Recipe] = {}


def recipe(*architectures: str, source: str, inner: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Register the decorated function for architectures.

    Args:
        architectures: Names that configs declare.
        source: Where the meaning of the fields comes from.
        inner: Names that the section with the text decoder may declare besides these.
    """

    def register(build: Build) -> Build:
        entry = Recipe(architectures, source, build, inner)
        for name in architectures:
            if name in _FOUND:
                raise ValueError(f"two recipes for {name}")
            _FOUND[name] = entry
        return build

    return register


@cache
def recipes() -> Mapping[str, Recipe]:
    """Every recipe by architecture, sorted."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(sorted(_FOUND.items()))


def plan_for(config: HFConfig) -> LayerPlan:
    """Read a config with the recipe of its architecture.

    Raises:
        ConfigError: There is no recipe, a section holds the text decoder of another architecture, or a field does not
            hold what the recipe needs.
    """
    found = recipes().get(config.architecture)
    if found is None:
        raise ConfigError(
            f"{config.source}, field architectures",
            repr(config.architecture)[:100],
            "an architecture with a recipe in harness/reference/architectures",
            f"Recipes exist for: {', '.join(recipes())}.",
        )
    for part in config.nested():
        if part.declared and not found.reads(part.declared):
            names = " or ".join((*found.inner, *found.architectures))
            part.fail("architectures", [part.declared], f"{names}, which is what {config.architecture} holds")
    return found.build(config)
