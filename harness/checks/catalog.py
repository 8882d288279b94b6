"""The table of all checks, kept up to date in `docs/checks.md`: python -m harness.checks.catalog docs/checks.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.checks.registry import checks
from harness.errors import DataFileError

_BEGIN, _END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"


def catalog() -> str:
    """One row for each check, by phase."""
    rows = [
        f"| `{each.id}` | {each.phase} | {each.lesson or ''} | {each.scope} | `{each.suite}` | "
        f"{each.text.replace('|', chr(92) + '|')} |\n"
        for each in checks().values()
    ]
    head = "| check | phase | lesson | looks at | suite | rule |\n|---|---|---|---|---|---|\n"
    return head + "".join(rows)


def replaced(page: str, source: str = "the page") -> str:
    """The page with the table between its two markers written anew.

    Raises:
        DataFileError: The markers are not there, one after the other.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise DataFileError(source, "no place for the table", f"the lines {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{_BEGIN}\n{catalog()}\n{_END}{after}"


def main() -> None:
    """Write the table into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    page: Path = parser.parse_args().page
    page.write_text(replaced(page.read_text(encoding="utf-8"), str(page)), encoding="utf-8")


if __name__ == "__main__":
    main()
