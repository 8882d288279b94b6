"""`aic-harness matrix run | diff | verify`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    AsJson,
    Backends,
    CacheDir,
    Jobs,
    Models,
    Modes,
    Quiet,
    Split,
    SubjectPath,
    Systems,
    Verbose,
    Versions,
)
from harness.cli.output import header, note, say, say_json, versions
from harness.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.coordinates import Cell
    from harness.matrix.cache import Cache
    from harness.matrix.cells import Filters
    from harness.matrix.run import Plan
    from harness.results.journal import Shard
    from harness.results.matrix_run import Journal
    from harness.running.cluster import Cluster
    from harness.running.records import Limits
    from harness.subjects.api import Subject

app = typer.Typer(
    help="The support matrix: run, diff, verify.",
    no_args_is_help=True,
)

_INTERRUPTED = 130
_CELL_TIMEOUT_S = 300.0
_MIB = 1 << 20


@app.command()
def run(
    model: Models = None,
    system: Systems = None,
    backend: Backends = None,
    version: Versions = None,
    mode: Modes = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="CSV to write; the evidence goes beside it as Parquet. Without filters: support_matrix.csv. "
            "With filters, nothing is written unless you name a file, and only the judged rows of it change.",
            show_default=False,
        ),
    ] = None,
    split: Split = None,
    jobs: Jobs = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run to the same --out that was stopped or died.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Judge one of N parts of like cost; --out is then a file for `aic-harness merge`, "
            "support_matrix.I-of-N.jsonl by default.",
            show_default=False,
        ),
    ] = None,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Judge every cell, whatever earlier runs know; keep nothing for later ones."),
    ] = False,
    cache_dir: CacheDir = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Run the subject's own full search: minutes per cell, to audit ours.")
    ] = False,
    cell_timeout: Annotated[
        float | None,
        typer.Option(
            "--cell-timeout",
            metavar="SECONDS",
            min=0.1,
            help="Time that one cell may take; 300 unless --exhaustive is given.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Judge on the workers of a dask cluster, by the address of its scheduler; needs the extra `cluster`.",
            show_default=False,
        ),
    ] = None,
    max_memory: Annotated[
        int | None,
        typer.Option(
            "--max-memory", metavar="MIB", min=1, help="Resident memory of a process that judges.", show_default=False
        ),
    ] = None,
    subject_path: SubjectPath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Judge cells of the support matrix and write them as CSV, with the evidence behind each status.

    Exit code 0 when every cell got a verdict, whatever it is; 1 when some did not.

    Example: aic-harness matrix run --model 'Qwen/*' --system h200_sxm --backend vllm

    On a cluster: aic-harness matrix run --scheduler tcp://10.0.0.1:8786
    """
    from harness.cli import matrix_report as report
    from harness.matrix import results
    from harness.matrix.cells import Filters, all_cells, select
    from harness.matrix.run import Plan
    from harness.matrix.shards import cells_of_shard
    from harness.results.journal import Shard
    from harness.results.matrix_run import run_recorded
    from harness.results.output_lock import held
    from harness.subjects.installed import load_subject

    started = time.monotonic()
    filters = Filters.of(model, system, backend, version, mode)
    part = Shard.parse(shard) if shard else None
    target = _target(out, filters, part)
    _refuse_contradictions(part, split, target, scheduler, resume=resume, jobs=jobs)
    if scheduler is not None and subject_path is not None:
        subject_path = subject_path.absolute()  # workers are in other folders
    results.refuse_bad_targets(target, split, merge=bool(filters) and not part)
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(target, split))
        subject = load_subject(subject_path)
        asked = select(all_cells(subject), filters)
        plan = Plan(
            cells_of_shard(asked, part.number, part.of) if part else asked,
            exhaustive=exhaustive,
            jobs=jobs or len(os.sched_getaffinity(0)),
            subject_path=subject_path,
            limits=_limits(cell_timeout, max_memory, exhaustive=exhaustive),
        )
        note(header(subject.info), quiet=quiet)
        journal = _journal(target, part, plan, asked, subject, resume=resume) if target else None
        cache = None if no_cache else _cache(cache_dir, subject, plan)
        cluster = None if scheduler is None else _cluster(scheduler, subject, plan, quiet=quiet)
        runner = stack.enter_context(cluster).run if cluster else None
        with report.progress(len(plan.cells), quiet=quiet) as on_verdict:
            result = run_recorded(plan, on_verdict, journal, cache, runner)
        if part and journal:
            written = [str(journal.left(result))]
        else:
            written = results.save(result, subject.info, target, split, merge=bool(filters))
            if journal and not result.unjudged:
                journal.path.unlink(missing_ok=True)
    summary = report.summary(result, versions(subject.info), time.monotonic() - started, written)
    if as_json:
        say_json(summary)
    else:
        say(report.text(result, summary, verbose=verbose))
    for problem in report.problems(result, written, cache.problems if cache else ()):
        note(problem)
    raise typer.Exit(_INTERRUPTED if result.interrupted else EXIT_FINDINGS if result.unjudged else EXIT_OK)


def _refuse_contradictions(
    part: Shard | None, split: Path | None, target: Path | None, scheduler: str | None, *, resume: bool, jobs: int
) -> None:
    if part and split:
        raise UsageError("--shard and --split", "both", "--split with `aic-harness merge`, which has all parts")
    if resume and target is None:
        raise UsageError("--resume", "no --out", "the file that the earlier run was to write")
    if scheduler is not None and jobs:
        raise UsageError("--scheduler and --jobs", "both", "one of the two: workers of a cluster have their own number")


def _limits(cell_timeout: float | None, max_memory: int | None, *, exhaustive: bool) -> Limits:
    from harness.running.records import Limits

    seconds = cell_timeout or (None if exhaustive else _CELL_TIMEOUT_S)
    return Limits(seconds, max_memory * _MIB if max_memory else None)


def _cache(given: Path | None, subject: Subject, plan: Plan) -> Cache | None:
    from harness.matrix.cache import Cache, default_folder

    folder = given or default_folder()
    return Cache(folder, subject.inputs, exhaustive=plan.exhaustive) if folder else None


def _journal(
    target: Path, part: Shard | None, plan: Plan, asked: Sequence[Cell], subject: Subject, *, resume: bool
) -> Journal:
    from harness.results.journal import header_of, path_of
    from harness.results.matrix_run import Journal

    inputs, said = subject.inputs(), versions(subject.info)
    about = header_of(asked, plan.cells, inputs, said, exhaustive=plan.exhaustive, shard=part)
    return Journal(target if part else path_of(target), about, resume)


def _cluster(address: str, subject: Subject, plan: Plan, *, quiet: bool) -> Cluster:
    from harness.matrix.likeness import likeness
    from harness.matrix.shards import pieces
    from harness.running.cluster import Cluster

    def on_size(workers: int, threads: int) -> None:
        note(f"cluster: {workers} {'worker' if workers == 1 else 'workers'}, threads: {threads}", quiet=quiet)

    return Cluster(address, likeness(subject, plan.subject_path), pieces, on_size)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="CSV file, or folder with one per system.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="CSV file, or folder with one per system.", show_default=False)],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare two matrices: cells added, removed and changed, and counts by status.

    Reads the 8-, 9- and 10-column files of every release. Exit code 1 when they differ.

    Example: aic-harness matrix diff support_matrix.csv new.csv --markdown
    """
    from harness.matrix import diff as differ
    from harness.matrix.store import read_matrix

    if markdown and as_json:
        raise UsageError("--markdown and --json", "both", "one of the two")
    del quiet  # it says nothing on stderr as it is
    found = differ.diff_matrices(read_matrix(old, strict=False), read_matrix(new, strict=False))
    if as_json:
        say_json(differ.to_json_document(found))
    else:
        limit = {"limit": sys.maxsize} if verbose else {}
        say(differ.to_markdown(found, **limit) if markdown else differ.to_text(found, **limit))
    raise typer.Exit(EXIT_FINDINGS if found.has_changes else EXIT_OK)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="CSV file, or folder with one per system.", show_default=False)],
    structure_only: Annotated[
        bool, typer.Option("--structure-only", help="Do not ask the subject which cells there should be.")
    ] = False,
    subject_path: SubjectPath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check a matrix file: structure, duplicates, unknown values, missing and surplus cells.

    Exit code 1 when anything is wrong.

    Example: aic-harness matrix verify support_matrix.csv
    """
    from harness.matrix import verify as verifier
    from harness.matrix.cells import all_cells
    from harness.subjects.installed import load_subject

    del quiet  # it says nothing on stderr as it is
    expected = None if structure_only else frozenset(all_cells(load_subject(subject_path)))
    found = verifier.verify_matrix(file, expected)
    if as_json:
        say_json(verifier.to_json_document(found))
    else:
        say(verifier.to_text(found, **({"limit": sys.maxsize} if verbose else {})))
    raise typer.Exit(EXIT_OK if found.ok else EXIT_FINDINGS)


def _target(out: Path | None, filters: Filters, part: Shard | None) -> Path | None:
    if out is not None:
        return out
    if part:
        return Path(f"support_matrix.{part.number}-of-{part.of}.jsonl")
    return None if filters else Path("support_matrix.csv")
