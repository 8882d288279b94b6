"""A config read for the guide: by its recipe, or by its field names where nobody wrote one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.reference.architectures import plan_for, recipes
from harness.reference.by_fields import guess

if TYPE_CHECKING:
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan


@dataclass(frozen=True, slots=True)
class Reading:
    """A config, its plan, and where the plan comes from.

    Attributes:
        config: The config.
        plan: The plan.
        source: File that defines what the fields mean; empty where no recipe reads the architecture.
        why: What the recipe says about its pattern.
        uncertain: What the config does not say for certain; empty where a recipe reads it.
    """

    config: HFConfig
    plan: LayerPlan
    source: str
    why: str
    uncertain: tuple[str, ...]

    @property
    def is_guess(self) -> bool:
        """Whether no recipe reads the architecture."""
        return not self.source


def read(config: HFConfig) -> Reading:
    """Read a config with the recipe of its architecture, or by its field names where there is none.

    Raises:
        ConfigError: The config cannot be read.
    """
    recipe = recipes().get(config.architecture)
    if recipe is None:
        guessed = guess(config)
        return Reading(config, guessed.plan, "", "", guessed.uncertain)
    return Reading(config, plan_for(config), recipe.source, " ".join((recipe.build.__doc__ or "").split()), ())
