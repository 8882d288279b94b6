"""`python -m harness.oracle`: regenerate the frozen figures, or check that nothing would change."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data_files import data_path
from harness.errors import EXIT_FINDINGS, EXIT_INPUT, EXIT_OK, HarnessError
from harness.oracle.collect import collect
from harness.oracle.freeze import differences, frozen, write
from harness.oracle.records import fixture_path, load_oracle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.oracle.records import Oracle


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0 fine, 1 something would change, 2 the input is wrong."""
    parser = argparse.ArgumentParser(prog="python -m harness.oracle", description=__doc__)
    parser.add_argument("--configs", type=Path, default=data_path("model_configs"), help="folder of stored configs")
    parser.add_argument("--out", type=Path, default=fixture_path(), help="file of frozen figures")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and show it when it would change")
    options = parser.parse_args(arguments)
    try:
        return _run(options.configs, options.out, check=options.check)
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except ModuleNotFoundError as error:
        sys.stderr.write(f"error: {error.name} is not installed; install the extra `oracle`\n")
        return EXIT_INPUT


def _run(configs: Path, out: Path, *, check: bool) -> int:
    started = time.monotonic()
    with _no_input():
        oracle = collect(configs)
    _say(_summary(oracle, time.monotonic() - started))
    if not check:
        write(out, frozen(oracle))
        _say(f"wrote {out}")
        return EXIT_OK
    changes = list(differences(load_oracle(out), oracle))
    for line in changes:
        _say(line)
    if not changes and out.read_text(encoding="utf-8") != frozen(oracle):
        changes = [f"{out}: same figures, but not written as this command writes them"]
        _say(changes[0])
    _say(f"{len(changes)} changes against {out}")
    return EXIT_FINDINGS if changes else EXIT_OK


@contextlib.contextmanager
def _no_input() -> Iterator[None]:
    """Answer every question with end-of-file: a library that asks whether it may run remote code must not wait."""
    before = sys.stdin
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - it is a device
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = before


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _summary(oracle: Oracle, seconds: float) -> str:
    verdicts = Counter(model.verdict for model in oracle.models.values())
    lines = [
        f"{model}: unavailable: {entry.reason}"
        for model, entry in sorted(oracle.models.items())
        if entry.verdict == "unavailable"
    ]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    versions = sorted({entry.transformers for entry in oracle.models.values()} - {""})
    lines.append(f"{len(oracle.models)} models: {counts}; transformers {', '.join(versions)}; {seconds:.1f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
