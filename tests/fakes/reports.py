"""Results as large as those of a real run, made up around the stored matrix, and the page that shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING

from harness.checks.records import Outcome
from harness.coordinates import Database, Mode, Status
from harness.matrix.evidence import evidence_path, write_evidence
from harness.matrix.records import Verdict
from harness.matrix.store import read_matrix, write_matrix
from harness.matrix.table import Matrix, Row
from harness.report.build import build
from harness.report.html import render
from harness.report.loading import load
from harness.results.sides import side_of
from harness.subjects.api import DataOrigin, Layout, Point, SubjectInfo, Worker
from tests.fakes.results import found, passed, skipped, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.checks.records import Finding

RELEASE = "0.12.0"
WRITTEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NEW_IN = "Qwen/Qwen3-8B"
"""The model that has a finding which nobody knows."""
DOUBTED = "Qwen/Qwen3-32B"
"""The model whose figures no physics allows."""
WORSE = "openai/gpt-oss-20b"
"""The model whose statuses were better before."""
LONG = "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16"
"""The model with the longest names around it."""

_KNOWN = (
    ("sharding", "embedding-not-sharded"),
    ("op_widths", "embedding-wide-on-every-rank"),
    ("mtp_weights", "mtp-blocks-weigh-nothing"),
    ("weights", "tied-head-held-twice"),
)
_CHECKS = ("is_moe", "layer_counts", "parsed_dimensions", "families", "cache", "history_independence")
_INHERITED = tuple(f"{name}_perf<-0.5.14" for name in ("gemm", "moe", "context_attention", "generation_attention"))


def verdicts(rows: Sequence[Row], *, slower: float = 1.0) -> Iterator[Verdict]:
    """A verdict for each row of a matrix, with figures for what passes."""
    labels = cycle((DataOrigin(("gemm",), ()), DataOrigin(("mla",), _INHERITED), DataOrigin((), _INHERITED)))
    for place, row in enumerate(rows):
        passes = row.status in (Status.PASS, Status.HYBRID_PASS)
        yield Verdict(
            cell=row.cell,
            architecture=row.architecture,
            status=row.status,
            source=row.source,
            error=row.error,
            command=row.command,
            point=_point(row, place, slower) if passes else None,
            origin=next(labels),
            points_tried=1 + place % 5,
            seconds=0.01 * (1 + place % 97),
            log="",
        )


def _point(row: Row, place: int, slower: float) -> Point:
    spread = 1 + place % 89
    ttft, tpot = (1e-6, 1e-6) if row.model == DOUBTED else (211.0 + 7.77 * spread * slower, 31.0 + 0.777 * spread)
    layout = Layout(8, 1, 1, 1, 8, 1)
    if row.mode is Mode.AGG:
        workers: tuple[Worker, ...] = (Worker("agg", layout, 1, 1, 9 * 2**30 + place),)
    else:
        workers = (Worker("prefill", layout, 1, 1, 8 * 2**30), Worker("decode", layout, 4, 1, 9 * 2**30 + place))
    return Point(workers, sum(worker.replicas * 8 for worker in workers), ttft, tpot, 0.1 + 0.0033 * spread)


def findings(models: Sequence[str], *, fresh: bool = True) -> Iterator[Finding]:
    """About as many findings as a real run has."""
    for model in models:
        for check in _CHECKS:
            yield passed(check, model)
        yield skipped("pooled_gpus", model, actual="the subject cannot count the GPUs of a deployment")
        for check, issue in _KNOWN:
            for about in range(7):
                said = f"{about + 1}: 2,458,386,432 of 2,458,386,432 bytes"
                yield found(Outcome.FAIL, check, model, f"tp{2**about}.embedding", actual=said, known=issue)
    database = Database("rtx_pro_6000_server", "trtllm", "1.3.0rc23")
    known = "estimate-memory-less-than-weights-nvidia-nemotron-3-ultra-550b-a55b-bf16"
    yield found(Outcome.FAIL, "estimate_memory", LONG, "weights", database=database, actual=known, known=known)
    if fresh:
        yield found(Outcome.FAIL, "cache_sharding", NEW_IN, "kv_heads", actual="half of the heads on each rank")
        database = Database("h200_sxm", "trtllm", "1.3.0rc23")
        yield found(Outcome.ERROR, "estimate_finite", NEW_IN, "ttft", database=database, actual="ZeroDivisionError")


def write_run(folder: Path, rows: Sequence[Row], *, old: bool = False) -> Path:
    """Results of a run in a folder: matrix, evidence, findings."""
    folder.mkdir(parents=True, exist_ok=True)
    judged = list(verdicts([_better(row) for row in rows] if old else rows, slower=1.25 if old else 1.0))
    matrix = folder / "support_matrix.csv"
    write_matrix(Matrix.from_rows(map(Row.from_verdict, judged)), matrix)
    write_evidence(judged, SubjectInfo("aiconfigurator", RELEASE, RELEASE), evidence_path(matrix))
    models = sorted({row.model for row in rows})
    written(
        folder / "findings.jsonl",
        *findings(models, fresh=not old),
        *((passed("cache_sharding", NEW_IN),) if old else ()),
        release=RELEASE,
        versions={"data": f"aiconfigurator-core {RELEASE}"},
    )
    return folder


def _better(row: Row) -> Row:
    if row.model != WORSE or row.status is not Status.FAIL:
        return row
    kept = (row.model, row.architecture, row.system, row.backend, row.version, row.mode)
    return Row(*kept, Status.PASS, "", row.command, "silicon")


def stored_rows(matrix: Path) -> tuple[Row, ...]:
    """Rows of the stored matrix."""
    return read_matrix(matrix).rows


def page_of(given: Sequence[Path], against: Path | None = None) -> str:
    """The page of results."""
    loaded = load([str(path) for path in given], given[0])
    side = side_of(str(against), given[0]) if against else None
    return render(build(loaded, side, WRITTEN))
