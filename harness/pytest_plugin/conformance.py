"""One test per check and target: a test that takes `conformance_pair`, in a module marked with the name of a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.engine import Examiner
    from harness.checks.known_issues import KnownIssues
    from harness.checks.records import Judged, Pair
    from harness.subjects.models import ModelSubject

_FIXTURE = "conformance_pair"
_MARKER = "conformance"
_JUDGED, _EMPTY = "conformance_judged", "conformance_empty"
_CHOSEN = pytest.StashKey["list[Pair]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance suites."""
    group = parser.getgroup("aic-harness", "aiconfigurator harness")
    group.addoption("--check", action="append", default=[], metavar="GLOB", help="only this conformance check")
    group.addoption(
        "--config-dir",
        type=Path,
        metavar="DIR",
        help="check the configs in this folder (default: those that come with the harness)",
    )
    group.addoption(
        "--known-issues",
        type=Path,
        metavar="FILE",
        help="findings that are expected (default: those that come with the harness)",
    )
    group.addoption(
        "--full-estimates",
        action="store_true",
        help="check estimates of every model on every system and backend instead of a covering sample",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and watch that something was judged."""
    config.addinivalue_line("markers", f"{_MARKER}(suite): the module runs the checks of this suite")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Watch(), "aic-harness-conformance")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Turn a test that takes `conformance_pair` into one test per pair."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    from harness.errors import HarnessError

    try:
        found = _pairs(metafunc.config, _suite(metafunc.definition))
    except HarnessError as error:
        # Its message says everything; of another exception, pytest would show the whole traceback.
        raise pytest.Collector.CollectError(str(error)) from error
    params = [
        pytest.param(pair, id=pair.id, marks=pytest.mark.xdist_group(str(pair.target.database or pair.target)))
        for pair in found
    ]
    # The filters may leave nothing of one suite; that nothing is left of all of them is found out at the end.
    metafunc.parametrize(_FIXTURE, params or [pytest.param(None, id="nothing")], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the estimates on one database together, whatever suite they are of, for loading one costs seconds."""
    items.sort(key=_database)


def _database(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    pair: Pair | None = callspec.params.get(_FIXTURE) if callspec else None
    return str(pair.target.database or "") if pair is not None else ""


@dataclass(frozen=True, slots=True)
class ConformancePair:
    """A check and what it looks at, ready to be judged.

    Attributes:
        pair: The two.
        known: Which findings are expected.
        examiner: Runs it; it is shared by all pairs of a process.
    """

    pair: Pair
    known: KnownIssues
    examiner: Examiner

    def judge(self) -> None:
        """Judge the pair and end the test accordingly.

        What is wrong fails it, a known issue that no longer holds too; what is wrong and known is an expected failure,
        and what cannot be judged is skipped.
        """
        from harness.checks.publish import failure
        from harness.checks.records import Result
        from harness.checks.run import judge

        judged = judge(self.pair, self.known, self.examiner)
        if judged.unexpected:
            pytest.fail("\n\n".join(failure(finding) for finding in judged.unexpected), pytrace=False)
        if judged.result is Result.KNOWN:
            pytest.xfail(f"known issue {', '.join(_known(judged))}")
        if judged.result is Result.SKIP:
            _skip(judged)


@pytest.fixture(scope="session")
def conformance_examiner(request: pytest.FixtureRequest, subject: ModelSubject) -> Iterator[Examiner]:
    """Runs pairs; the tables of a database stay loaded while its pairs come in a row."""
    from harness.checks.engine import Examiner

    option = request.config.getoption
    examiner = Examiner(subject, option("--config-dir"), option("--subject-path"))
    yield examiner
    examiner.close()


@pytest.fixture(scope="session")
def conformance_known(request: pytest.FixtureRequest, subject: ModelSubject) -> KnownIssues:
    """The findings that are expected."""
    from harness.checks.known_issues import KnownIssues
    from harness.checks.registry import checks

    path = request.config.getoption("--known-issues")
    return KnownIssues.load(subject.info.version, checks().values(), path)


@pytest.fixture
def conformance_pair(
    request: pytest.FixtureRequest, conformance_examiner: Examiner, conformance_known: KnownIssues
) -> ConformancePair:
    """One pair of the module's suite."""
    pair: Pair | None = getattr(request, "param", None)
    request.node.user_properties.append((_EMPTY if pair is None else _JUDGED, True))
    if pair is None:
        pytest.skip("the options leave nothing of this suite")
    return ConformancePair(pair, conformance_known, conformance_examiner)


def _suite(item: pytest.Item) -> str:
    marker = item.get_closest_marker(_MARKER)
    if marker is None or len(marker.args) != 1 or not isinstance(marker.args[0], str):
        raise pytest.Collector.CollectError(
            f"a test that takes {_FIXTURE} must be marked with its suite: pytest.mark.{_MARKER}('scale_factors')"
        )
    return marker.args[0]


def _pairs(config: pytest.Config, suite: str) -> list[Pair]:
    """What the options choose of a suite, and of estimates a covering sample unless told otherwise.

    Raises:
        UsageError: There is no such suite, or nothing to run.
        FilterError: An option matches nothing that exists.
    """
    from harness.checks.registry import checks
    from harness.errors import UsageError

    suites = sorted({check.suite for check in checks().values()})
    if suite not in suites:
        raise UsageError(f"pytest.mark.{_MARKER}", repr(suite), f"a suite of checks: {', '.join(suites)}")
    if _CHOSEN not in config.stash:
        config.stash[_CHOSEN] = _choose(config)
    return [pair for pair in config.stash[_CHOSEN] if pair.check.suite == suite]


def _choose(config: pytest.Config) -> list[Pair]:
    from harness.checks.choice import Choice, choose, sample
    from harness.checks.known_issues import KnownIssues
    from harness.checks.registry import checks
    from harness.subjects.installed import load_subject

    option = config.getoption
    subject = load_subject(option("--subject-path"))
    # Read here as well, so that a wrong file is one clear error and not one for each test.
    KnownIssues.load(subject.info.version, checks().values(), option("--known-issues"))
    models, systems, backends, versions = (
        tuple(option(f"aic_{name}")) for name in ("model", "system", "backend", "version")
    )
    choice = Choice(models, tuple(option("--check")), (), systems, backends, versions, True, option("--config-dir"))
    chosen = choose(choice, subject)
    if chosen.unreadable:
        raise chosen.unreadable[0]
    if option("--full-estimates") or systems or backends or versions:
        return list(chosen.pairs)
    estimates = [(pair.target.model, pair.target.database) for pair in chosen.pairs if pair.target.database is not None]
    models = tuple(dict.fromkeys(model for model, _ in estimates))
    dealt = sample(models, tuple(dict.fromkeys(database for _, database in estimates)))
    return [
        pair
        for pair in chosen.pairs
        if pair.target.database is None or (pair.target.model, pair.target.database) in dealt
    ]


def _known(judged: Judged) -> list[str]:
    return sorted({finding.known_issue for finding in judged.findings if finding.known_issue})


def _skip(judged: Judged) -> NoReturn:
    from harness.checks.records import Outcome

    pytest.skip("; ".join(finding.actual for finding in judged.findings if finding.outcome is Outcome.SKIP))


class _Watch:
    """Makes a run an error in which conformance tests were collected and none had anything to judge."""

    def __init__(self) -> None:
        self._judged = self._empty = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was judged; xdist hands reports of all workers to the controller."""
        names = [name for name, _ in report.user_properties]
        self._judged += _JUDGED in names
        self._empty += _EMPTY in names

    @property
    def _in_vain(self) -> bool:
        return self._empty > 0 and self._judged == 0

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if self._in_vain and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        if self._in_vain:
            terminalreporter.section("conformance")
            terminalreporter.line("error: the options leave nothing to judge of any suite that was collected")
