"""Results of runs that tests make up: findings of one release, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Check, Finding, Judged, Outcome, Pair, Scope, Target
from harness.coordinates import Status
from harness.matrix.evidence import evidence_path, write_evidence
from harness.matrix.records import Verdict
from harness.matrix.store import write_matrix
from harness.matrix.table import Matrix, Row
from harness.results.findings_file import entry_of, header_of
from harness.results.stream import Writer
from harness.subjects.api import DataOrigin, Layout, Point, SubjectInfo, Worker
from harness.subjects.releases import load_releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.coordinates import Cell, Database
    from harness.subjects.releases import Releases

_LIST = """
name = "aiconfigurator"
adapters = [{{ name = "a", module = "harness.subjects.a", subject = "A", distributions = ["aiconfigurator"] }}]
releases = [{listed}]
[pin_reasons]
"plotext<6" = "because"
"""
VERSIONS = {"harness": "1.0", "data": "data 1", "python": "3.11.7"}
STARTED = "2026-01-02T03:04:05+00:00"


def list_of(folder: Path, listed: str) -> Releases:
    """A list of releases, as TOML tables with commas between them, and one adapter called `a`."""
    path = folder / "releases.toml"
    path.write_text(_LIST.format(listed=listed))
    return load_releases(path)


def found(  # noqa: PLR0913 - as many as a finding has sides
    outcome: Outcome = Outcome.FAIL,
    check: str = "weights",
    model: str = "Org/A",
    about: str = "head",
    *,
    phase: int = 4,
    database: Database | None = None,
    actual: str = "29",
    known: str | None = None,
    stale: bool = False,
) -> Finding:
    """A finding."""
    wrong = outcome in (Outcome.FAIL, Outcome.ERROR)
    return Finding(
        check,
        phase,
        None,
        Target(model, database),
        "aiconfigurator 0.0",
        outcome,
        about if wrong else "",
        "28" if outcome is Outcome.FAIL else "",
        "" if outcome is Outcome.PASS else actual,
        "4 x 7 = 28" if outcome is Outcome.FAIL else "",
        f"aic-harness check {model} --check {check}",
        known_issue=known,
        stale=stale,
    )


def passed(check: str = "weights", model: str = "Org/A", **fields: object) -> Finding:
    """A finding in which nothing is wrong."""
    return found(Outcome.PASS, check, model, **fields)  # type: ignore[arg-type] # of `found`


def skipped(check: str = "weights", model: str = "Org/A", **fields: object) -> Finding:
    """A finding of a pair that could not be judged."""
    return found(Outcome.SKIP, check, model, **fields)  # type: ignore[arg-type] # of `found`


def judged(findings: Iterable[Finding]) -> list[Judged]:
    """Findings put together by the pair that they came from."""
    grouped: dict[tuple[str, Target], list[Finding]] = {}
    for finding in findings:
        grouped.setdefault((finding.check, finding.target), []).append(finding)
    return [
        Judged(Pair(_check(check, group[0].phase), target), tuple(group)) for (check, target), group in grouped.items()
    ]


def written(  # noqa: PLR0913 - as many as a run has sides
    path: Path,
    *findings: Finding,
    release: str = "1.0.0",
    versions: Mapping[str, str] | None = None,
    configs: Mapping[str, str] | None = None,
    capabilities: Sequence[str] = ("build", "parse"),
    started: str = STARTED,
) -> Path:
    """Write the results of a run to a file."""
    done = judged(findings)
    pairs = [each.pair for each in done]
    read = {pair.target.model: "0123456789abcdef" for pair in pairs if pair.target.model}
    subject = {"subject": f"aiconfigurator {release}"}
    header = header_of(
        pairs, capabilities, read | dict(configs or {}), VERSIONS | subject | dict(versions or {}), started
    )
    with Writer(path, header) as writer:
        for each in done:
            writer.add(entry_of(each))
        writer.finish(1.5)
    return path


def _check(name: str, phase: int) -> Check:
    return Check(name, phase, None, Scope.MODEL, "families", frozenset(), "A rule.", lambda *_: ())


def feasible(cell: Cell, *, ttft_ms: float = 12.5, inherited: tuple[str, ...] = ()) -> Verdict:
    """A verdict of a cell that passes."""
    worker = Worker("agg", Layout(8, 1, 1, 1, 1, 1), 1, 4, 80 * 2**30)
    return Verdict(
        cell=cell,
        architecture="Arch",
        status=Status.PASS,
        source="silicon",
        error="",
        command="cmd",
        point=Point((worker,), 8, ttft_ms, 3.25, 640.0),
        origin=DataOrigin(("gemm",), inherited),
        points_tried=1,
        seconds=0.5,
        log="",
    )


def matrix_written(path: Path, *verdicts: Verdict, release: str = "1.0.0", evidence: bool = True) -> Path:
    """Write a support matrix, with its evidence beside it."""
    write_matrix(Matrix.from_rows(map(Row.from_verdict, verdicts)), path)
    if evidence:
        write_evidence(verdicts, SubjectInfo("aiconfigurator", release, release), evidence_path(path))
    return path
