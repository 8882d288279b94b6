from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from harness.cli import app
from harness.results.findings_file import read_findings
from tests.fakes.results import found, written

if TYPE_CHECKING:
    from pathlib import Path


def test_parts_of_findings_give_one_file(tmp_path: Path) -> None:
    parts = [written(tmp_path / f"{model}.jsonl", found(model=f"Org/{model}")) for model in "AB"]
    done = CliRunner().invoke(app, ["merge", *map(str, parts), "--out", str(tmp_path / "all.jsonl")])
    assert (done.exit_code, done.stdout) == (0, f"wrote {tmp_path / 'all.jsonl'}\n")
    assert [pair.target.model for pair in read_findings(tmp_path / "all.jsonl").pairs] == ["Org/A", "Org/B"]


def test_json_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    part, out = written(tmp_path / "a.jsonl", found()), tmp_path / "all.jsonl"
    done = CliRunner().invoke(app, ["merge", str(part), "--out", str(out), "--json"])
    assert json.loads(done.stdout) == {"written": [str(out)]}


def test_what_is_no_part_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text("odd\n")
    out = tmp_path / "m.csv"
    for name in ("odd.jsonl", "gone.jsonl"):
        done = CliRunner().invoke(app, ["merge", str(tmp_path / name), "--out", str(out)])
        assert str(tmp_path / name) in str(done.exception)
    mixed = [written(tmp_path / "a.jsonl", found()), tmp_path / "odd.jsonl"]
    done = CliRunner().invoke(app, ["merge", *map(str, mixed), "--out", str(out)])
    assert str(tmp_path / "odd.jsonl") in str(done.exception)
    assert not out.exists()
