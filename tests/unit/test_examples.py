"""What the documentation shows is what the commands print."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PAGES = ("docs/adding-a-hybrid-model.md",)
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = "..."


@dataclass(frozen=True)
class Example:
    """A command of a page and the lines that follow it there; `...` stands for lines that are left out."""

    page: str
    command: str
    shown: tuple[str, ...]

    def __str__(self) -> str:
        return f"{Path(self.page).stem}: {self.command}"


def examples(page: str) -> Iterator[Example]:
    for block in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip().splitlines()
            yield Example(page, command, tuple(shown))


def differs(shown: tuple[str, ...], printed: list[str]) -> str:
    """The first shown line that is not printed where it should be; empty if all are."""
    place, free = 0, False
    for line in shown:
        if line.strip() == _LEFT_OUT:
            free = True
            continue
        try:
            found = printed.index(line.rstrip(), place) if free else place
        except ValueError:
            return line
        if found >= len(printed) or printed[found].rstrip() != line.rstrip():
            return line
        place, free = found + 1, False
    return "" if free or place == len(printed) else f"further lines, from {printed[place]!r}"


def test_a_line_that_is_not_printed_is_seen() -> None:
    printed = ["a", "b", "c"]
    assert not differs(("a", "...", "c"), printed)
    assert not differs(("a", "b", "c"), printed)
    assert differs(("a", "c"), printed) == "c"
    assert differs(("...", "d"), printed) == "d"
    assert differs(("a", "b"), printed) == "further lines, from 'c'"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_examples(page: str) -> None:
    assert len(list(examples(page))) >= 3


@pytest.mark.parametrize("example", [each for page in PAGES for each in examples(page)], ids=str)
def test_an_example_prints_what_the_page_shows(
    example: Example, run_python: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    pytest.importorskip("aiconfigurator")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    program, *arguments = shlex.split(example.command)
    assert program == "aic-harness"
    done = run_python("-m", "harness.cli", *arguments, "-q", cwd=tmp_path)
    assert done.stderr == ""
    assert not differs(example.shown, done.stdout.splitlines()), done.stdout
