"""Seeded bugs of the real subject, each for the check that must see it.

`python -m tests.fakes.mutants` writes the table of `docs/mutants.md`; with `--prove` it runs every mutant on every
stored model that it concerns.
"""

from __future__ import annotations

from tests.fakes.mutants import (
    cache,
    configs,
    estimates,
    layers,
    metamorphic,
    moe,
    parsing,
    releases,
    shapes,
    sharding,
    systems,
    weights,
)
from tests.fakes.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *configs.MUTANTS,
    *moe.MUTANTS,
    *parsing.MUTANTS,
    *layers.MUTANTS,
    *metamorphic.MUTANTS,
    *weights.MUTANTS,
    *shapes.MUTANTS,
    *sharding.MUTANTS,
    *cache.MUTANTS,
    *estimates.MUTANTS,
    *systems.MUTANTS,
    *releases.MUTANTS,
)

EXEMPT: dict[str, str] = {}
"""Checks without a mutant, each with the reason."""

__all__ = ["EXEMPT", "MUTANTS", "Mutant"]
