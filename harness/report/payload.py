"""What the page shows, as one JSON document: the contract between Python and the page's script.

Every class is a JSON object with the names of its fields; tuples are arrays, None is null. A table is an object of
columns: arrays of the same length, the values of one row standing at the same place. Three kinds of columns save space
(`payload_columns.py`):

- a code column (`Codes`) holds places in another list, -1 for none;
- a text column is a `Words`: distinct texts, and a code for each row;
- a `Templates` column holds texts that differ by the coordinates of their row only.

Texts come from files and may hold anything, markup too: show them as text. Units: ms, GiB, tokens, seconds, bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.report.payload_changes import Changes
    from harness.report.payload_columns import Lines, Numbers, Templates, Words
    from harness.results.model_records import Codes, Description

PAYLOAD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Database:
    """A measured set of tables.

    Attributes:
        newest: It is the newest version of its system and backend that the results speak of.
    """

    system: str
    backend: str
    version: str
    newest: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """The support matrix: a table with one row for each cell, sorted by model, then database, then mode.

    Attributes:
        model: Places in `Payload.models`.
        database: Places in `Payload.databases`.
        mode: `agg` or `disagg`.
        status: One of the five; `values` has them all, best first, and may end with an empty one (not judged).
        source: Worst data provenance of the search; empty unless the status is a pass.
        error: First cause of what is no pass; empty for a pass.
        command: The subject's own command line for the cell; may be empty.
        reproduce: The harness's command that judges the cell alone.
        data: `own`, `mixed`, `inherited` or empty: whose rows the database answers from.
        inherited: Tables that answer from another version, `table<-version, ...`.
        seconds: What judging it took; null without evidence.
        tries: How many searches that took; null without evidence.
        estimate: Place in `estimates`, -1 where the cell has none.
        estimates: Figures of the feasible cells.
    """

    model: Codes
    database: Codes
    mode: Words
    status: Words
    source: Words
    error: Words
    command: Templates
    reproduce: Templates
    data: Words
    inherited: Words
    seconds: Numbers
    tries: Numbers
    estimate: Codes
    estimates: Estimates


@dataclass(frozen=True, slots=True)
class Estimates:
    """A table with one row for each feasible cell: the deployment that proves it, and what physics allows.

    Attributes:
        cell: Row of the matrix.
        gpus: GPUs of the deployment.
        ttft_ms, tpot_ms: Time to the first token, time per output token.
        rate: Tokens per second and GPU.
        isl, osl, prefix: The request in tokens; the cached prefix is part of the input.
        ttft_bound_ms, tpot_bound_ms: Lower bound of each: no honest estimate is below; null where none is known.
        ttft_limit, tpot_limit: What the bound rests on: `compute`, `memory`, `links`; empty without a bound.
        plausibility: `plausible`, `implausible` or `unjudged`.
        doubt: Why it is not plausible, in words; empty where it is.
        workers: The pools of the deployments.
    """

    cell: Codes
    gpus: Numbers
    ttft_ms: Numbers
    tpot_ms: Numbers
    rate: Numbers
    isl: Numbers
    osl: Numbers
    prefix: Numbers
    ttft_bound_ms: Numbers
    tpot_bound_ms: Numbers
    ttft_limit: Words
    tpot_limit: Words
    plausibility: Words
    doubt: Words
    workers: Workers


@dataclass(frozen=True, slots=True)
class Workers:
    """A table with one row for each pool of workers of a deployment, those of one deployment together.

    Attributes:
        estimate: Row of the estimates.
        role: `agg`, `prefill` or `decode`.
        layout: Such as `tp8 dp2 etp1ep16`.
        replicas: Workers of the pool.
        batch: Requests in flight in each.
        memory_gib: Memory of one GPU.
    """

    estimate: Codes
    role: Words
    layout: Words
    replicas: Numbers
    batch: Numbers
    memory_gib: Numbers


@dataclass(frozen=True, slots=True)
class Model:
    """A model that any result speaks of.

    Attributes:
        id: HuggingFace id.
        architecture: Its HuggingFace architecture; empty where no result says it.
        description: What is known of it (`harness/results/model_records.py`, whose databases are here places in
            `Payload.databases`); null where no result describes it.
    """

    id: str
    architecture: str
    description: Description | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs of a check and a target by what came out."""

    passed: int
    known: int
    failed: int
    errors: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Check:
    """A rule.

    Attributes:
        text: The rule in words; empty for a check that this harness does not have.
        phase: 1 to 5.
    """

    id: str
    phase: int
    text: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Issue:
    """A known issue that findings have.

    Attributes:
        kind: `bug`, `approximation`, `engine-dependent`; empty where this harness does not know the issue.
        reason: Why it is wrong, with the arithmetic.
        upstream: Issue or pull request of the subject; may be empty.
        subjects: Range of releases that have it.
        findings: How many there are.
        targets: On how many models, systems or databases.
    """

    id: str
    check: str
    kind: str
    reason: str
    upstream: str
    subjects: str
    findings: int
    targets: int


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that came out of checks but passes: a table, strongest first.

    The order: not known before known, errors before failures, then by known issue as in `issues`, skips last.

    Attributes:
        checks: Every check that was asked, by phase and id.
        issues: Known issues that were found, strongest first: by kind, then by targets.
        tallies: For each model in `Payload.models`, its pairs; null where none was judged.
        tally: All pairs.
        check: Places in `checks`.
        model: Places in `Payload.models`; -1 for a finding of a system or the release.
        database: Places in `Payload.databases`; -1 for a finding that needs none.
        system: The system of a finding of a system; else empty.
        outcome: `error`, `fail` or `skip`.
        issue: Places in `issues`; -1 for what is new.
        stale: 1 where what is wrong is that a known issue no longer holds, else 0.
        about, expected, actual, arithmetic: As the check says; of an error or a skip, `actual` is the reason.
        reproduce: The harness's command that runs the check alone.
        snippet: Places in `snippets`: Python that shows it with the subject alone.
    """

    checks: tuple[Check, ...]
    issues: tuple[Issue, ...]
    tallies: tuple[Tally | None, ...]
    tally: Tally
    check: Codes
    model: Codes
    database: Codes
    system: Words
    outcome: Words
    issue: Codes
    stale: Codes
    about: Words
    expected: Words
    actual: Words
    arithmetic: Words
    reproduce: Templates
    snippet: Codes
    snippets: Lines


@dataclass(frozen=True, slots=True)
class DatabaseCoverage:
    """Op tables of one database.

    Attributes:
        database: Place in `Payload.databases`.
        own: Places in `Coverage.tables`: rows measured for this very version.
        inherited: Place in `Coverage.tables` and where its rows come from, such as `1.2.0`.
    """

    database: int
    own: Codes
    inherited: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class OpTable:
    """A table of measurements: its name, and the family of ops that it serves, such as `attention`."""

    name: str
    family: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which databases have own data, table by table; tables are sorted by family and name."""

    tables: tuple[OpTable, ...]
    databases: tuple[DatabaseCoverage, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of results.

    Attributes:
        name: Name of the file, without its folder.
        kind: `matrix`, `evidence`, `findings` or `models`.
        records: How many cells, pairs or models it holds.
        counts: How many of each outcome.
        started: UTC, ISO 8601; empty where the file does not say.
        seconds: What the run took; null where the file does not say.
        versions: Name and version of harness, subject, data and Python, as far as the file says.
    """

    name: str
    kind: str
    records: int
    counts: tuple[tuple[str, int], ...]
    started: str
    seconds: float | None
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What judging the cells of one database took.

    Attributes:
        database: Place in `Payload.databases`.
        seconds: All of them together.
        slowest: Row of the matrix that took longest.
    """

    database: int
    cells: int
    seconds: float
    slowest: int


@dataclass(frozen=True, slots=True)
class Run:
    """Where everything comes from.

    Attributes:
        parts: The files.
        costs: By database, dearest first; empty without evidence.
        crashes: Rows of the matrix over which a process came to its end: crashed, out of time or memory.
        notes: What the reader must know, such as a kind of result that is not there and how to make it.
    """

    parts: tuple[Part, ...]
    costs: tuple[Cost, ...]
    crashes: Codes
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """All of it; a view whose part is null has nothing to show, and `run.notes` says how to get it.

    Attributes:
        format: `PAYLOAD_FORMAT`.
        subject: Name and version; empty where only a bare matrix is there.
        harness: Version of the harness that wrote the page.
        written: When the page was written: UTC, ISO 8601, to the minute.
        models: Every model, sorted by id.
        databases: Every database, in product order of systems, then by backend, newest version first.
    """

    format: int
    subject: str
    harness: str
    written: str
    models: tuple[Model, ...]
    databases: tuple[Database, ...]
    matrix: Matrix | None
    findings: Findings | None
    changes: Changes | None
    coverage: Coverage | None
    run: Run
