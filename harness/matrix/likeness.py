"""What a machine that judges must have in common with another, so that both reach the same verdicts."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.matrix.judge_version import judge_version
from harness.running.cluster_task import Likeness
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.subjects.api import Subject

_PACKAGE = Path(__file__).resolve().parents[1]
_SHOWN = 16


def likeness(subject: Subject, subject_path: Path | None) -> Likeness:
    """What other machines must be like to judge for this one.

    Args:
        subject: As loaded here.
        subject_path: Folder to import the subject from, on every machine; None for the installed one.
    """
    return Likeness(functools.partial(_looking, subject_path), traits(subject))


def traits(subject: Subject) -> dict[str, str]:
    """What this machine is like, from what says most to what is told apart by its digest only."""
    inputs = subject.inputs()
    return {
        "aiconfigurator-harness": __version__,
        **inputs.circumstances,
        "harness code": _code()[:_SHOWN],
        "code and rules that judge": judge_version()[:_SHOWN],
        "subject code and data": inputs.whole[:_SHOWN],
    }


@contextlib.contextmanager
def _looking(subject_path: Path | None) -> Iterator[Callable[[None], dict[str, str]]]:
    subject = load_subject(subject_path)
    yield lambda _: traits(subject)


def _code() -> str:
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(_PACKAGE)} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()
