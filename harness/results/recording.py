"""Writes the findings of a run while it goes on."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.checks.run import run
from harness.reference.hf_config import HFConfig
from harness.results.findings_file import digest, entry_of, entry_of_unmatched, header_of
from harness.results.output_lock import held
from harness.results.stream import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.checks.records import Judged
    from harness.checks.run import Plan, RunResult
    from harness.subjects.models import ModelSubject


def run_recorded(
    path: Path,
    plan: Plan,
    subject: ModelSubject,
    versions: Mapping[str, str | None],
    on_judged: Callable[[Judged], None] = lambda _: None,
) -> RunResult:
    """Judge a plan's pairs and write each to a file as it is done; a run that is stopped leaves a partial file.

    Args:
        path: The file.
        plan: What to judge.
        subject: The subject.
        versions: Of harness, subject, data and Python.
        on_judged: Called for each pair as it is done.

    Raises:
        OutputError: The file cannot be written, or another run writes it.
    """
    started = time.monotonic()
    models = sorted({pair.target.model for pair in plan.pairs} - {""})
    header = header_of(
        plan.pairs,
        subject.capabilities,
        {model: digest(HFConfig.load(model, plan.setting.folder)) for model in models},
        {name: version or "" for name, version in versions.items()},
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with held(path), Writer(path, header) as writer:

        def record(judged: Judged) -> None:
            writer.add(entry_of(judged))
            on_judged(judged)

        result = run(plan, subject, record)
        if not result.interrupted:
            for finding in result.unmatched:
                writer.add(entry_of_unmatched(finding))
            writer.finish(time.monotonic() - started)
    return result
