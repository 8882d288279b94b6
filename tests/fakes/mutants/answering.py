"""Subjects between a check and the real one: they remember answers, change them, or ask while the package is broken."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from harness.subjects.models import ModelSubject

    Answers = Mapping[str, Callable[..., object]]
    Patch = Callable[[], AbstractContextManager[object]]

_HANDED_ON = frozenset({"reference", "release", "parse_snippet", "build_snippet", "estimate_snippet"})
"""Questions whose answers are cheap, or tied to files; they are neither remembered nor changed."""


class _Between:
    """Hands every question on; a subclass says what happens to those that have an answer."""

    def __init__(self, real: ModelSubject) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it has every type that a subject's attributes have
        attribute = getattr(self._real, name)
        if not callable(attribute) or name in _HANDED_ON:
            return attribute
        return lambda *args, **options: self._answer(name, attribute, *args, **options)

    def _answer(self, name: str, ask: Callable[..., object], /, *args: object, **options: object) -> object:
        raise NotImplementedError


class _Remembering(_Between):
    def __init__(self, real: ModelSubject) -> None:
        super().__init__(real)
        self._known: dict[str, tuple[bool, object]] = {}

    def _answer(self, name: str, ask: Callable[..., object], /, *args: object, **options: object) -> object:
        key = json.dumps([name, args, options], default=repr)
        if key not in self._known:
            try:
                self._known[key] = (True, ask(*args, **options))
            except Exception as error:  # noqa: BLE001 - an exception is an answer too
                self._known[key] = (False, error)
        answered, answer = self._known[key]
        if not answered:
            raise cast("Exception", answer)
        return answer


class _Changing(_Between):
    def __init__(self, real: ModelSubject, answers: Answers) -> None:
        super().__init__(real)
        self._answers = answers

    def _answer(self, name: str, ask: Callable[..., object], /, *args: object, **options: object) -> object:
        answer = ask(*args, **options)
        return self._answers[name](answer, *args, **options) if name in self._answers else answer


class _Broken(_Between):
    """Asks the real subject while its package is patched; models lie at paths of their own, for it caches by path."""

    def __init__(self, real: ModelSubject, patch: Patch) -> None:
        super().__init__(real)
        self._patch = patch
        self._folder = Path(tempfile.mkdtemp(prefix="aic-harness-mutant-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        target = Path(self._real.reference(config, quantization))
        link = self._folder / target.name
        if not link.is_symlink():
            link.symlink_to(target)
        return str(link)

    def _answer(self, name: str, ask: Callable[..., object], /, *args: object, **options: object) -> object:
        del name
        with self._patch():
            return ask(*args, **options)


def remembering(real: ModelSubject) -> ModelSubject:
    """The same subject, asked each question once."""
    return cast("ModelSubject", _Remembering(real))


def changing(real: ModelSubject, answers: Answers) -> ModelSubject:
    """The same subject with some answers changed.

    Args:
        real: The subject.
        answers: By the name of the question: from the right answer, and what was asked, to the wrong one.
    """
    return cast("ModelSubject", _Changing(real, answers))


def broken(real: ModelSubject, patch: Patch) -> ModelSubject:
    """The same subject, its package patched for as long as each answer takes."""
    return cast("ModelSubject", _Broken(real, patch))
