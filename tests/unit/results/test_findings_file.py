"""Findings on disk: what comes back, and how parts of a run are put together."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import Outcome, Result, Target
from harness.coordinates import Database
from harness.errors import ResultsError
from harness.reference.hf_config import HFConfig
from harness.results.findings_file import digest, entry_of_unmatched, merge, parsed, read_findings
from harness.results.stream import to_bytes
from tests.fakes.results import STARTED, found, passed, skipped, written

if TYPE_CHECKING:
    from pathlib import Path

H100 = Database("h100_sxm", "vllm", "1.10")
FOUND = (
    found(known="head-twice"),
    found(about="norm", actual="a\n|b"),
    found(Outcome.ERROR, "cache", about="KeyError"),
    skipped("mtp_counts"),
    passed("estimate_sums", database=H100, phase=5),
)


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_findings_come_back_as_they_were(tmp_path: Path) -> None:
    read = read_findings(written(tmp_path / "f.jsonl", *FOUND, release="0.0"))
    assert read.findings == FOUND
    assert [(pair.key, pair.result) for pair in read.pairs] == [
        ("check_weights[Org/A]", Result.FAIL),
        ("check_cache[Org/A]", Result.ERROR),
        ("check_mtp_counts[Org/A]", Result.SKIP),
        ("check_estimate_sums[Org/A-h100_sxm/vllm/1.10]", Result.PASS),
    ]
    assert (read.release, read.capabilities, read.started) == ("0.0", ("build", "parse"), STARTED)
    assert read.checks == ("cache", "estimate_sums", "mtp_counts", "weights")
    assert read.targets == ("Org/A", "Org/A h100_sxm/vllm/1.10")


def test_a_known_issue_without_a_target_has_a_key_of_its_own() -> None:
    entries = [
        entry_of_unmatched(found(model="", about=f"known issue {name}", stale=True, check="weights")) for name in "ab"
    ]
    assert [entry.key for entry in entries] == ["known issue a[weights]", "known issue b[weights]"]


def test_a_digest_tells_configs_apart_and_takes_no_order_for_a_difference() -> None:
    raw: dict[str, object] = {"architectures": ["X"], "hidden_size": 8}
    same = HFConfig("other place", dict(reversed(raw.items())))
    assert digest(HFConfig("a", raw)) == digest(same)
    assert digest(HFConfig("a", raw)) != digest(HFConfig("a", raw | {"hidden_size": 9}))
    assert digest(HFConfig("a", raw)) != digest(HFConfig("a", raw, quantization={"quant_algo": "FP8"}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"subject":"aiconfigurator 1.0.0"', '"subject":null', ":1, field versions.subject: found 'None'"),
        ('"capabilities":', '"abilities":', ":1, field about.capabilities: found nothing; expected Field required."),
        ('"outcome":"pass"', '"outcome":"passed"', ":2, check_weights[Org/A], field content.findings.0.outcome: found"),
        ('"phase":4', '"phase":"4"', ":2, check_weights[Org/A], field content.phase: found"),
        ('[{"outcome":"pass"}]', "[]", ":2, check_weights[Org/A]: found no finding; expected one of error, fail,"),
    ],
)
def test_records_of_another_shape_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = written(tmp_path / "f.jsonl", passed())
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ResultsError) as refused:
        read_findings(path)
    assert message in str(refused.value)


def test_no_record_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="found no record; expected at least one"):
        read_findings(written(tmp_path / "f.jsonl"))


# Merging


def parts(folder: Path) -> list[Path]:
    return [
        written(folder / "b.jsonl", found(), passed("cache"), started="2026-01-03T00:00:00+00:00"),
        written(folder / "a.jsonl", passed(model="Org/B")),
        written(folder / "c.jsonl", skipped("cache", "Org/B"), found(model="Org/C")),
    ]


def test_parts_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    merged = {to_bytes(merge(order)) for order in permutations(parts(tmp_path))}
    assert len(merged) == 1
    whole = tmp_path / "whole.jsonl"
    whole.write_bytes(merged.pop())
    read = read_findings(whole)
    assert [pair.key for pair in read.pairs] == [
        "check_cache[Org/A]",
        "check_cache[Org/B]",
        "check_weights[Org/A]",
        "check_weights[Org/B]",
        "check_weights[Org/C]",
    ]
    assert (read.started, read.checks, sorted(read.configs)) == (STARTED, ("cache", "weights"), sorted(read.configs))
    assert json.loads(whole.read_text().splitlines()[-1]) == {
        "records": 5,
        "outcomes": {"fail": 2, "pass": 2, "skip": 1},
        "seconds": 4.5,
    }
    assert to_bytes(merge([whole])) == whole.read_bytes()


def refusal(*paths: Path) -> str:
    with pytest.raises(ResultsError) as refused:
        merge(paths)
    return str(refused.value)


def test_a_truncated_part_is_refused(tmp_path: Path) -> None:
    first, second, third = parts(tmp_path)
    second.write_bytes(second.read_bytes().rpartition(b'{"outcomes"')[0])
    assert refusal(first, second, third).startswith(f"{second}:3: found the end of the file after 1 records")


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    first, second, third = parts(tmp_path)
    assert refusal(first, second, first) == f"{first}: found it twice; expected every part once."
    copy = tmp_path / "d.jsonl"
    copy.write_bytes(third.read_bytes())
    found = f"{copy}: found check_cache[Org/B], which {third} holds too (the same part); expected every pair in one"
    assert refusal(copy, first, third).startswith(found)


def test_parts_that_overlap_are_refused(tmp_path: Path) -> None:
    first, second, third = parts(tmp_path)
    other = written(tmp_path / "d.jsonl", passed("cache"), passed("sharding"))
    said = f"{other}: found check_cache[Org/A], which {first} holds too (an overlapping one)"
    assert refusal(other, first, second, third).startswith(said)


@pytest.mark.parametrize("name", ["harness", "subject", "data", "python"])
def test_parts_of_other_versions_are_refused(tmp_path: Path, name: str) -> None:
    first, *_ = parts(tmp_path)
    other = written(tmp_path / "d.jsonl", passed(model="Org/D"), versions={name: "aiconfigurator 9"})
    assert f"{other}:1, field versions.{name}: found 'aiconfigurator 9'; expected" in refusal(first, other)


def test_parts_of_other_capabilities_or_configs_are_refused(tmp_path: Path) -> None:
    first, *_ = parts(tmp_path)
    other = written(tmp_path / "d.jsonl", passed("sharding"), capabilities=("parse",))
    assert f"{other}:1, field capabilities: found others; expected the same as in {first}" in refusal(first, other)
    other = written(tmp_path / "d.jsonl", passed("sharding"), configs={"Org/A": "ffff"})
    assert f"{other}:1, config of Org/A: found ffff; expected 0123456789abcdef, as in {first}" in refusal(other, first)


def test_no_part_is_refused() -> None:
    assert refusal() == "merge: found no part; expected at least one."


def test_a_merged_run_is_named_after_its_folder(tmp_path: Path) -> None:
    merged = merge(parts(tmp_path))
    assert [pair.target for pair in parsed(merged, "there").pairs][:2] == [Target("Org/A"), Target("Org/B")]


def test_bytes_that_are_no_text_are_spelled_out(tmp_path: Path) -> None:
    file = read_findings(written(tmp_path / "f.jsonl", found(actual="byte \ud800")))
    assert [finding.actual for finding in file.findings] == ["byte \\ud800"]
