"""`python -m harness.cli` does what `aic-harness` does."""

from harness.cli import main

main()
