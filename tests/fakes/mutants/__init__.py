"""Seeded bugs of the real subject, each for the check that must see it.

`python -m tests.fakes.mutants` writes the table of `docs/mutants.md`; with `--prove` it runs every mutant on every
stored model that it concerns.
"""

from __future__ import annotations

from tests.fakes.mutants import cache, layers, metamorphic, moe, parsing, sharding, weights
from tests.fakes.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (*moe.MUTANTS, *parsing.MUTANTS, *layers.MUTANTS, *weights.MUTANTS, *metamorphic.MUTANTS, *sharding.MUTANTS, *cache.MUTANTS)

__all__ = ["MUTANTS", "Mutant"]
