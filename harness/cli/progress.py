"""Progress of a long run on stderr: a live line on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Generic, TypeVar

from harness.cli.output import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DoneT = TypeVar("DoneT")
LabelT = TypeVar("LabelT", bound=str)

_PLAIN_EVERY_S = 10.0


@contextlib.contextmanager
def progress(
    total: int, noun: str, label: Callable[[DoneT], LabelT], styles: Mapping[LabelT, str], *, quiet: bool
) -> Iterator[Callable[[DoneT], None]]:
    """Show how far a run is, and how many of its results bear which label.

    Args:
        total: How many results there will be.
        noun: What they are, in the plural.
        label: Label of one result.
        styles: Colours of the labels, as rich names them.
        quiet: Show nothing.
    """
    if quiet:
        yield lambda _done: None
    elif sys.stderr.isatty():
        with _live(total, noun, label, styles) as on_done:
            yield on_done
    else:
        yield _Plain(total, noun, label)


@contextlib.contextmanager
def _live(
    total: int, noun: str, label: Callable[[DoneT], LabelT], styles: Mapping[LabelT, str]
) -> Iterator[Callable[[DoneT], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counts: Counter[LabelT] = Counter()
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[labels]}"),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(file=sys.__stderr__)) as bar:
        task = bar.add_task(noun, total=total, labels="", rate="")

        def on_done(done: DoneT) -> None:
            counts[label(done)] += 1
            rate = counts.total() / max(time.monotonic() - started, 1e-9)
            text = " ".join(f"[{styles[name]}]{name} {n}[/]" for name, n in sorted(counts.items()))
            bar.update(task, advance=1, labels=text, rate=f"{rate:.0f}/s")

        yield on_done


class _Plain(Generic[DoneT]):
    """One line every ten seconds, and one at the end."""

    def __init__(self, total: int, noun: str, label: Callable[[DoneT], str]) -> None:
        self._total, self._noun, self._label = total, noun, label
        self._counts: Counter[str] = Counter()
        self._started = self._said = time.monotonic()

    def __call__(self, done: DoneT) -> None:
        self._counts[self._label(done)] += 1
        now, count = time.monotonic(), self._counts.total()
        if count < self._total and now - self._said < _PLAIN_EVERY_S:
            return
        self._said = now
        rate = count / max(now - self._started, 1e-9)
        left = (self._total - count) / rate
        labels = ", ".join(f"{name} {n}" for name, n in sorted(self._counts.items()))
        note(f"{count}/{self._total} {self._noun}, {rate:.1f}/s, {left:.0f} s left: {labels}")
