"""Runs checks: one generator of pairs, and one function from a pair to its findings."""

from __future__ import annotations

import contextlib
import re
import shlex
import signal
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.records import Finding, Mismatch, Outcome, Pair, Scope, SkipCheck, Target
from harness.checks.subject_model import SubjectModel
from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType

    from harness.checks.records import Check
    from harness.coordinates import Database
    from harness.subjects.models import ModelSubject

TIME_LIMIT_S = 60.0
"""A pair takes milliseconds; what has not ended by then hangs."""

_TRACE_LINES = 12
_FILE = re.compile(r'File "([^"]+)"')
_HARNESS = Path(__file__).parents[2]
_SITES = frozenset({"site-packages", "dist-packages"})
_AT_ONCE_S = 1e-3
_PANICS = "pyo3_runtime"
"""Module of what compiled code raises when it panics: no `Exception`."""


def pairs(
    chosen: Iterable[Check], models: Sequence[str], databases: Sequence[Database], systems: Sequence[str]
) -> Iterator[Pair]:
    """Every pair of the chosen checks, in a fixed order: by check, then by target.

    Args:
        chosen: Checks.
        models: Models, as ids or paths.
        databases: Databases that estimates are asked on.
        systems: GPU systems.
    """
    for entry in chosen:
        if entry.scope is Scope.MODEL:
            yield from (Pair(entry, Target(model)) for model in models)
        elif entry.scope is Scope.ESTIMATE:
            # By database, for loading one costs more than all estimates on it.
            yield from (Pair(entry, Target(model, database)) for database in databases for model in models)
        elif entry.scope is Scope.SYSTEM:
            yield from (Pair(entry, Target(system=system)) for system in systems)
        else:
            yield Pair(entry, Target())


class Examiner:
    """Runs pairs against one subject, keeps each model's config and readings, and the tables of one database at a time.

    Args:
        subject: The subject.
        folder: Where stored configs are looked up; the harness's own by default.
        subject_path: Where the subject was imported from; only repeated in the commands that reproduce findings.
        time_limit_s: Seconds after which a pair is cut off.
    """

    def __init__(
        self,
        subject: ModelSubject,
        folder: Path | None = None,
        subject_path: Path | None = None,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        self._subject, self._folder, self._subject_path, self._limit = subject, folder, subject_path, time_limit_s
        self._models: dict[str, SubjectModel] = {}
        self._loaded: Database | None = None

    def model(self, name: str) -> SubjectModel:
        """A model by id or path.

        Raises:
            ConfigError: There is no such config, or it cannot be read.
        """
        if name not in self._models:
            self._models[name] = SubjectModel.load(self._subject, name, self._folder)
        return self._models[name]

    def add(self, name: str, model: SubjectModel) -> None:
        """Take a model as it is instead of loading what the name stands for."""
        self._models[name] = model

    def examine(self, pair: Pair) -> tuple[Finding, ...]:
        """Run one pair; whatever goes wrong in it is a finding of that pair alone."""
        blank = self.blank(pair)
        lacking = sorted(pair.check.needs - self._subject.capabilities)
        if lacking:
            return (replace(blank, outcome=Outcome.SKIP, actual=f"{blank.subject} cannot {', '.join(lacking)}"),)
        found: list[Finding] = []
        try:
            with time_limit(self._limit):
                found.extend(_failed(blank, mismatch) for mismatch in self._run(pair))
        except SkipCheck as reason:
            found.append(replace(blank, outcome=Outcome.SKIP, actual=str(reason)))
        except TimeLimitError:
            said = f"no answer in {self._limit:g} s"
            found.append(replace(blank, outcome=Outcome.ERROR, about="timeout", actual=said))
        except BaseException as error:
            if not isinstance(error, Exception | SystemExit) and type(error).__module__ != _PANICS:
                raise
            found.append(_errored(blank, error))
        return tuple(found) or (blank,)

    def blank(self, pair: Pair) -> Finding:
        """The finding of a pair in which nothing is wrong."""
        info, target = self._subject.info, pair.target
        words = ["aic-harness", "check", *([target.model] if target.model else []), "--check", pair.check.id]
        if target.database:
            where = target.database
            words += ["--system", where.system, "--backend", where.backend, "--version", where.version]
        elif target.system:
            words += ["--system", target.system]
        if self._folder is not None and target.model:
            words += ["--config-dir", str(self._folder)]
        if self._subject_path is not None:
            words += ["--subject-path", str(self._subject_path)]
        return Finding(
            check=pair.check.id,
            phase=pair.check.phase,
            lesson=pair.check.lesson,
            target=target,
            subject=f"{info.name} {info.version}",
            outcome=Outcome.PASS,
            reproduce=shlex.join(words),
        )

    def _run(self, pair: Pair) -> Iterator[Mismatch]:
        target, run = pair.target, pair.check.run
        if pair.check.scope is Scope.RELEASE:
            found = run(self._subject)
        elif pair.check.scope is Scope.SYSTEM:
            found = run(self._subject, target.system)
        else:
            model = self.model(target.model)
            if pair.check.needs and model.foreign:
                info = self._subject.info
                raise SkipCheck(f"{info.name} {info.version} does not support {model.config.architecture}")
            if target.database is not None:
                self._load(target.database)
            given = [target.database] if target.database else []
            found = _answered(model, run, *given) if pair.check.needs else run(model, model.plan, *given)
        yield from found  # type: ignore[misc] # a check yields mismatches

    def close(self) -> None:
        """Give back the memory of the database loaded last."""
        if self._loaded is not None:
            self._subject.release(self._loaded)
            self._loaded = None

    def _load(self, database: Database) -> None:
        if database != self._loaded:
            self.close()
            self._loaded = database


def _answered(model: SubjectModel, run: Callable[..., object], *given: Database) -> Iterator[Mismatch]:
    """What a check finds in a model.

    Raises:
        SkipCheck: It raises, and the subject builds the model nowhere, which the check of registration alone reports.
    """
    try:
        yield from run(model, model.plan, *given)  # type: ignore[misc] # a check yields mismatches
    except (HarnessError, SkipCheck):
        raise
    except Exception as error:
        if model.refused:
            raise SkipCheck(f"the subject builds it on no backend: {model.refused}") from error
        raise


def _failed(blank: Finding, mismatch: Mismatch) -> Finding:
    return replace(
        blank,
        outcome=Outcome.FAIL,
        about=mismatch.about,
        expected=mismatch.expected,
        actual=mismatch.actual,
        arithmetic=mismatch.arithmetic,
        snippet=mismatch.snippet,
    )


def _errored(blank: Finding, error: BaseException) -> Finding:
    said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
    trace = "" if isinstance(error, HarnessError) else "".join(traceback.format_exception(error)[-_TRACE_LINES:])
    trace = _FILE.sub(lambda found: f'File "{_placeless(Path(found[1]))}"', trace)
    return replace(blank, outcome=Outcome.ERROR, about=type(error).__name__, actual=said, arithmetic=trace)


def _placeless(path: Path) -> Path:
    """A file by where it stands in its package, for findings are kept and compared on other machines."""
    root = _HARNESS if path.is_relative_to(_HARNESS) else path.parent
    places = [place for place, part in enumerate(path.parts) if part in _SITES]
    return Path(*path.parts[places[-1] + 1 :]) if places else path.relative_to(root)


class TimeLimitError(BaseException):
    """Raised inside a check that takes too long; no `Exception`, so that a subject cannot swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitError` in the body after some seconds.

    Outside the main thread it has no effect. Where another timer runs, such as pytest-timeout's, the shorter one holds:
    that timer is left alone, or goes on afterwards with what is left of it.
    """
    running, every = signal.getitimer(signal.ITIMER_REAL)
    if threading.current_thread() is not threading.main_thread() or 0 < running <= seconds:
        yield
        return

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGALRM, expire)
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if running:
            left = running - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(left, _AT_ONCE_S), every)
