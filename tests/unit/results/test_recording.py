"""A run that is written while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.checks.choice import Choice
from harness.checks.run import prepare
from harness.results.findings_file import FORMAT, read_findings
from harness.results.recording import run_recorded
from harness.results.stream import partial_path, read_prefix

if TYPE_CHECKING:
    from pathlib import Path

    from harness.checks.records import Judged

VERSIONS = {"harness": "1", "subject": "aiconfigurator 9.9", "data": None, "python": "3"}
CHOICE = Choice(("Qwen/Qwen3-8B", "nvidia/Gemma-4-31B-IT-NVFP4"), checks=("is_moe", "mtp_counts"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_pair_is_written(tmp_path: Path, jobs: int) -> None:
    subject, _, plan = prepare(CHOICE, jobs=jobs)
    seen: list[Judged] = []
    result = run_recorded(tmp_path / "f.jsonl", plan, subject, VERSIONS, seen.append)
    read = read_findings(tmp_path / "f.jsonl")
    assert len(seen) == len(read.pairs) == 4
    mine = {(each.pair.id, each.result, tuple(finding.about for finding in each.findings)) for each in result.judged}
    assert {(pair.key, pair.result, tuple(each.about for each in pair.findings)) for pair in read.pairs} == mine
    assert set(read.configs) == set(CHOICE.models)
    assert (read.release, read.versions["data"], "build" in read.capabilities) == ("9.9", "", True)


def test_known_issues_without_a_target_are_written_too(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(
        '[[known_issues]]\nid = "gone"\ncheck = "config_name"\nmodels = ["Gone/Model"]\nsubjects = ">=0"\n'
        'kind = "bug"\nreason = "it was wrong in an older release"\n'
    )
    subject, _, plan = prepare(Choice(), known_issues=known)
    pairs = tuple(pair for pair in plan.pairs if pair.check.id == "config_name")[:1]
    plan = type(plan)(pairs, plan.known, complete=True)
    result = run_recorded(tmp_path / "f.jsonl", plan, subject, VERSIONS)
    assert len(result.unmatched) == 1
    last = read_findings(tmp_path / "f.jsonl").findings[-1]
    assert (last.about, last.stale) == ("known issue gone", True)


def test_a_run_that_is_stopped_has_no_footer(tmp_path: Path) -> None:
    subject, _, plan = prepare(CHOICE)

    def stop(_: Judged) -> None:
        raise KeyboardInterrupt

    result = run_recorded(tmp_path / "f.jsonl", plan, subject, VERSIONS, stop)
    assert result.interrupted
    assert not (tmp_path / "f.jsonl").exists()
    prefix = read_prefix(partial_path(tmp_path / "f.jsonl"), FORMAT)
    assert (len(prefix.entries), prefix.footer) == (1, None)
