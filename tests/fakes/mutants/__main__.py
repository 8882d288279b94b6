"""Writes `docs/mutants.md`, or runs every mutant on every stored model that it concerns."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fakes.mutants import EXEMPT, MUTANTS
from tests.fakes.mutants.proving import Prover, unexpected
from tests.fakes.mutants.table import page

PAGE = Path(__file__).parents[3] / "docs" / "mutants.md"


def main() -> int:
    """Write or prove; 1 if a mutant does not end as expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.mutants", description=__doc__)
    parser.add_argument("--prove", action="store_true", help="run every mutant on every model that it concerns")
    prover = Prover()
    if not parser.parse_args().prove:
        PAGE.write_text(page(MUTANTS, EXEMPT, prover), encoding="utf-8")
        return 0
    wrong = [line for mutant in MUTANTS for line in unexpected(mutant, prover.examine(mutant))]
    sys.stdout.write("".join(f"{line}\n" for line in [*wrong, f"{len(MUTANTS)} mutants, {len(wrong)} unexpected"]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
