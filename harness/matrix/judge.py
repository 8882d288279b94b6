"""The judge: one cell in, one verdict out.

Order of decisions, as upstream's generator has it (revision 095f58a51): hardware preflight; the search on measured
data (SILICON); known gaps; and where the failure is a data gap, a second search that may transfer data (HYBRID).
"""

from __future__ import annotations

import re
import time
import traceback
from typing import TYPE_CHECKING, Protocol

from harness.coordinates import Status
from harness.matrix import search as fast
from harness.matrix.gaps import known_gap
from harness.matrix.hardware import incompatibility
from harness.matrix.records import SOURCES, Verdict
from harness.matrix.requests import request_for
from harness.subjects.api import Answer, Capability, DataMode, Failure

if TYPE_CHECKING:
    from harness.coordinates import Cell, Database
    from harness.matrix.notes import Notes
    from harness.subjects.api import DataOrigin, ModelFacts, Outcome, Request, Subject

_ERROR_LIMIT = 400


class Finder(Protocol):
    """A way to search one cell in one data mode."""

    def __call__(self, subject: Subject, cell: Cell, request: Request, data_mode: DataMode) -> fast.Found:
        """Search."""


def fast_search(subject: Subject, cell: Cell, request: Request, data_mode: DataMode) -> fast.Found:
    """Search as little as proves the verdict."""
    opened = subject.open_search(cell, request, data_mode)
    if isinstance(opened, Failure):
        return fast.Found(opened, runs=0)
    return fast.find(opened, cell.mode, data_mode)


def full_search(subject: Subject, cell: Cell, request: Request, data_mode: DataMode) -> fast.Found:
    """Search everything, the subject's own way."""
    return fast.Found(subject.full_search(cell, request, data_mode), runs=1)


def judge(subject: Subject, cell: Cell, finder: Finder = fast_search) -> Verdict:
    """Judge one cell.

    Whatever the subject does with the cell becomes a status; nothing that it raises gets past this function.
    """
    return _Case(subject, cell, finder).decide()


class _Case:
    """One cell on its way to a verdict."""

    def __init__(self, subject: Subject, cell: Cell, finder: Finder) -> None:
        self._subject, self._cell, self._finder = subject, cell, finder
        self._started = time.perf_counter()
        self._runs = 0

    def decide(self) -> Verdict:
        try:
            return self._decide()
        except BaseException as error:  # noqa: BLE001 - `_raised` says what is let through
            failure = _raised(error)
            return self._verdict(None, None, DataMode.SILICON, Status.FAIL, error=_one_line(failure), log=failure.log)

    def _decide(self) -> Verdict:
        cell, subject = self._cell, self._subject
        model = subject.model_facts(cell.model, cell.backend)
        request = request_for(model.parameters, subject.info.version)
        gaps = Capability.GAPS in subject.capabilities
        reason = incompatibility(cell, model, subject.system_facts(cell.system)) if gaps else ""
        if reason:
            return self._verdict(model, request, DataMode.SILICON, Status.HW_INCOMPATIBLE, error=reason)
        silicon = self._search(request, DataMode.SILICON)
        if fast.feasible(silicon):
            worst = _worst(silicon)
            if worst == SOURCES[0]:
                return self._verdict(model, request, DataMode.SILICON, Status.PASS, answer=silicon, source=worst)
            silicon = _unexpected(f"a search on measured data used {worst!r} data")
        failure = silicon if isinstance(silicon, Failure) else _empty(silicon)
        gap = known_gap(cell, subject.system_facts(cell.system), failure) if gaps else None
        status = Status(gap.status) if gap else Status.FAIL
        # Only missing data may be rescued: a programming error or a lack of memory must not hide behind an estimate.
        rescuable = status is Status.FRAMEWORK_INCOMPATIBLE or (status is Status.FAIL and failure.missing_data)
        if rescuable and Capability.HYBRID in subject.capabilities:
            hybrid = self._search(request, DataMode.HYBRID)
            if fast.feasible(hybrid):
                source = max(_worst(hybrid), SOURCES[1], key=SOURCES.index)
                return self._verdict(
                    model, request, DataMode.HYBRID, Status.HYBRID_PASS, answer=hybrid, source=source, log=failure.log
                )
        return self._verdict(model, request, DataMode.SILICON, status, error=_one_line(failure), log=failure.log)

    def _search(self, request: Request, data_mode: DataMode) -> Outcome:
        try:
            found = self._finder(self._subject, self._cell, request, data_mode)
        except BaseException as error:  # noqa: BLE001 - `_raised` says what is let through
            self._runs += 1
            return _raised(error)
        self._runs += found.runs
        return found.outcome

    def _verdict(  # noqa: PLR0913 - what the decision leaves open of a verdict
        self,
        model: ModelFacts | None,
        request: Request | None,
        data_mode: DataMode,
        status: Status,
        *,
        answer: Outcome | None = None,
        source: str = "",
        error: str = "",
        log: str = "",
    ) -> Verdict:
        return Verdict(
            cell=self._cell,
            architecture=model.architecture if model else "",
            status=status,
            source=source,
            error=error,
            command=self._subject.command(self._cell, request, data_mode) if request else "",
            point=answer.best if isinstance(answer, Answer) else None,
            origin=self._origin() if self._runs else None,
            points_tried=self._runs,
            seconds=time.perf_counter() - self._started,
            log=log,
        )

    def _origin(self) -> DataOrigin | None:
        if Capability.DATA_ORIGIN not in self._subject.capabilities:
            return None
        return self._subject.data_origin(self._cell.database)


class Bench:
    """Judges cells one after the other, and gives a database's memory back once the cells move on to another.

    Args:
        subject: What is judged.
        finder: How its cells are searched.
        notes: What is known of databases, and taken down of them.
    """

    def __init__(self, subject: Subject, finder: Finder = fast_search, notes: Notes | None = None) -> None:
        self._subject, self._finder, self._notes = subject, finder, notes
        self._known = ""
        self._loaded: Database | None = None

    def judge(self, cell: Cell) -> Verdict:
        """Judge one cell; see `judge`."""
        if cell.database != self._loaded:
            self.close()
            self._loaded = cell.database
            self._recall(cell.database)
        return judge(self._subject, cell, self._finder)

    def close(self) -> None:
        """Give back the memory of the database loaded last."""
        if self._loaded is not None:
            self._take_down(self._loaded)
            self._subject.release(self._loaded)
            self._loaded = None

    def _recall(self, database: Database) -> None:
        self._known = self._notes.of(database) if self._notes else ""
        if self._known:
            self._subject.recall(database, self._known)

    def _take_down(self, database: Database) -> None:
        known = self._subject.notes(database) if self._notes else ""
        if self._notes and known not in ("", self._known):
            self._notes.keep(database, known)


def _worst(outcome: Outcome) -> str:
    tiers = outcome.provenance if isinstance(outcome, Answer) else frozenset()
    unknown = sorted(tiers - set(SOURCES))
    if unknown:
        raise ValueError(f"data of the unknown provenance {unknown[0]!r}; known are {', '.join(SOURCES)}")
    return max(tiers, key=SOURCES.index, default=SOURCES[0])


def _empty(answer: Answer) -> Failure:
    if answer.best is None:
        return _unexpected("the search ended without a deployment and without an error")
    return _unexpected(f"the estimate is not a positive number: {answer.best}")


def _raised(error: BaseException) -> Failure:
    """What an adapter that broke costs: its cell. Ctrl-C and the time limits of test runners are not its answers."""
    panic = type(error).__module__ == "pyo3_runtime"
    if not isinstance(error, Exception | SystemExit) and not panic:
        raise error
    name = type(error).__name__
    return Failure(name, (f"{name}: {error}",), missing_data=False, log="".join(traceback.format_exception(error)))


def _unexpected(what: str) -> Failure:
    return Failure("NoResult", (f"NoResult: {what}",), missing_data=False, log=what)


def _one_line(failure: Failure) -> str:
    """Class of the error that came out, then its first cause: that is the one which says what was missing."""
    first_cause = failure.messages[1] if len(failure.messages) > 1 else failure.messages[0]
    text = first_cause if first_cause.startswith(failure.error_class) else f"{failure.error_class}: {first_cause}"
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= _ERROR_LIMIT else f"{text[: _ERROR_LIMIT - 1]}…"
