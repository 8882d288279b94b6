"""One test per cell of the support matrix, and the matrix written back from the results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.matrix.records import Verdict
    from harness.matrix.table import Matrix
    from harness.subjects.api import Subject

_PROPERTY = "support_matrix_row"
_REMARK = "support_matrix_remark"
_FIXTURE = "matrix_cell"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the matrix suite."""
    group = parser.getgroup("aic-harness", "aiconfigurator harness")
    group.addoption("--full-matrix", action="store_true", help="test every cell instead of a covering sample")
    group.addoption(
        "--write-matrix",
        type=Path,
        metavar="PATH",
        help="write the verdicts back to this support_matrix.csv; rows that were not tested stay as they are",
    )
    group.addoption(
        "--recorded-matrix",
        type=Path,
        metavar="PATH",
        help="the matrix whose statuses must not get worse (default: the one that comes with the harness)",
    )
    group.addoption(
        "--mode", action="append", default=[], dest="aic_mode", metavar="GLOB", help="only cells of this mode"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Gather results where they are written: in the controller, or in the only process there is."""
    if not hasattr(config, "workerinput"):
        _refuse_bad_paths(config)
        config.pluginmanager.register(MatrixCollector(config), "aic-harness-matrix")


def _refuse_bad_paths(config: pytest.Config) -> None:
    """Find out before the work is done that a matrix cannot be read or written."""
    target, recorded = config.getoption("--write-matrix"), config.getoption("--recorded-matrix")
    if target is None and recorded is None:
        return
    from harness.errors import HarnessError
    from harness.matrix.publish import refuse_bad_file
    from harness.matrix.store import merged, read_matrix

    try:
        if target is not None:
            refuse_bad_file(target)
            merged(target, ())
        if recorded is not None:
            read_matrix(recorded)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Turn a test that takes `matrix_cell` into one test per cell, sorted by database, model and mode."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    from harness.errors import HarnessError
    from harness.matrix.cells import Filters, all_cells, select
    from harness.matrix.sample import covering_sample
    from harness.subjects.installed import load_subject

    option = metafunc.config.getoption
    names = ("model", "system", "backend", "version", "mode")
    filters = Filters(*(tuple(option(f"aic_{name}")) for name in names))
    try:
        cells = select(all_cells(load_subject(option("--subject-path"))), filters)
        if not (option("--full-matrix") or filters):
            cells = covering_sample(cells, recorded_matrix(metafunc.config).statuses)
    except HarnessError as error:
        # Its message says everything; of another exception, pytest would show the whole traceback.
        raise pytest.Collector.CollectError(str(error)) from error
    metafunc.parametrize(
        _FIXTURE,
        [
            pytest.param(
                cell, id=f"{cell.model}-{cell.database}-{cell.mode}", marks=pytest.mark.xdist_group(str(cell.database))
            )
            for cell in cells
        ],
    )


@pytest.fixture(scope="session")
def judge_cell(subject: Subject) -> Iterator[Any]:
    """A function from a cell to its verdict; the tables of a database stay loaded while its cells come in a row."""
    from harness.matrix.judge import Bench

    bench = Bench(subject)
    yield bench.judge
    bench.close()


@pytest.fixture
def verdict(request: pytest.FixtureRequest, judge_cell: Any) -> Verdict:  # noqa: ANN401 - a function
    """The verdict on the test's cell, kept for `--write-matrix` whatever the test makes of it."""
    from harness.matrix.table import Row

    found: Verdict = judge_cell(request.getfixturevalue(_FIXTURE))
    request.node.user_properties.append((_PROPERTY, list(Row.from_verdict(found).fields)))
    return found


@pytest.fixture
def remark(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - a function
    """Say something about a cell in the run's summary without failing the test."""
    return lambda text: request.node.user_properties.append((_REMARK, text))


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> Matrix:
    """The matrix whose statuses must not get worse."""
    return recorded_matrix(request.config)


def recorded_matrix(config: pytest.Config) -> Matrix:
    """Read the recorded matrix that the options name."""
    from harness.data_files import data_path
    from harness.matrix.store import read_matrix

    return read_matrix(config.getoption("--recorded-matrix") or data_path("support_matrix.csv"))


class MatrixCollector:
    """Collects verdicts from test reports and writes them at the end, also when tests failed."""

    def __init__(self, config: pytest.Config) -> None:
        self._path: Path | None = config.getoption("--write-matrix")
        self._rows: list[list[str]] = []
        self._remarks: list[str] = []
        self._said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict out of a test's report; xdist hands reports of all workers to the controller."""
        if report.when != "call":
            return
        for name, value in report.user_properties:
            if name == _PROPERTY and isinstance(value, list):
                self._rows.append([str(field) for field in value])
            elif name == _REMARK:
                self._remarks.append(f"{report.nodeid}: {value}")

    def pytest_sessionfinish(self) -> None:
        """Write the matrix."""
        if self._path is None:
            return
        if not self._rows:
            self._said = f"no cell was judged: {self._path} is left as it is"
            return
        from harness.errors import HarnessError
        from harness.matrix.store import merged, write_matrix
        from harness.matrix.table import COLUMNS, parse_row

        rows = [parse_row(fields, len(COLUMNS)).row for fields in self._rows]
        judged = [row for row in rows if row is not None]
        try:
            write_matrix(merged(self._path, judged), self._path)
        except HarnessError as error:
            self._said = f"error: {error}"
            return
        self._said = f"{len(judged)} verdicts written to {self._path}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written, and what changed without failing a test."""
        if self._remarks or self._said:
            terminalreporter.section("support matrix")
            for remark_text in sorted(self._remarks):
                terminalreporter.line(remark_text)
            if self._said:
                terminalreporter.line(self._said)
