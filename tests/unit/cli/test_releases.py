"""`aic-harness releases` as a user meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.fakes.console import refused
from tests.fakes.results import found, passed, written

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Done = subprocess.CompletedProcess[str]
    Aic = Callable[..., Done]


def test_releases_are_shown_and_their_history_is_written(aic: Aic, tmp_path: Path) -> None:
    written(tmp_path / "results" / "98.0.0" / "findings.jsonl", found(known="head-twice"), release="98.0.0")
    written(tmp_path / "results" / "99.0.0" / "findings.jsonl", passed(), release="99.0.0")
    done = aic("releases", "--history", "docs/history.md", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "wrote docs/history.md\n")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["weights", "1/1", "0/1"] in rows
    assert (tmp_path / "docs" / "history.md").read_text().startswith("# What the checks found from 98.0.0 to 99.0.0")
    document = json.loads(aic("releases", "--results", tmp_path / "results", "--json").stdout)
    assert [each["gone"] for each in document["known_issues"]] == ["99.0.0"]


def test_bad_input_is_one_line_and_writes_nothing(aic: Aic, tmp_path: Path) -> None:
    said = refused(aic("releases", "--history", "h.md", cwd=tmp_path))
    assert said.startswith(
        "error: results: found no results of any release; expected a folder for each, such as 0.12.0."
    )
    assert "found a folder; expected the name of a file to write" in refused(aic("releases", "--history", tmp_path))
    assert list(tmp_path.iterdir()) == []
