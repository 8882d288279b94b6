from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.matrix.cells import all_cells
from harness.matrix.shards import cells_of_shard
from harness.subjects.releases import load_releases

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


@pytest.mark.parametrize("shards", [1, 4, 53])
def test_shards_are_those_of_a_run(installed: ModelSubject, shards: int) -> None:
    done = CliRunner().invoke(app, ["jobs", "--shards", str(shards), "--json"])
    listed = json.loads(done.stdout)["shards"]
    cells = all_cells(installed)
    parts = [cells_of_shard(cells, number, shards) for number in range(1, shards + 1)]
    assert [job["shard"] for job in listed] == [f"{number}/{shards}" for number in range(1, shards + 1)]
    assert [job["cells"] for job in listed] == [len(part) for part in parts]
    assert [job["databases"] for job in listed] == [len({cell.database for cell in part}) for part in parts]
    assert all(job["seconds"] > 0 for job in listed)


def test_the_databases_of_each_shard_are_told_on_demand(installed: ModelSubject) -> None:
    said = CliRunner().invoke(app, ["jobs", "--shards", "4", "-v"]).stdout.splitlines()
    told = [line.strip().partition(":")[0] for line in said if line.endswith(" s")]
    assert sorted(told) == sorted(map(str, installed.databases()))


def test_releases_are_those_that_can_be_installed() -> None:
    document = json.loads(CliRunner().invoke(app, ["jobs", "--json"]).stdout)
    listed = {job["release"]: job for job in document["releases"]}
    assert list(listed) == [each.version for each in load_releases().releases if not each.stub]
    assert listed["0.4.0"]["python"] == "3.12"
    assert listed["0.4.0"]["pins"] == ["plotext<6", "pyarrow<26"]
    assert document["release"] in listed


@pytest.mark.parametrize("shards", [0, -1, 54])
def test_a_number_of_shards_that_cannot_be_is_refused(shards: int) -> None:
    done = CliRunner().invoke(app, ["jobs", "--shards", str(shards)])
    assert str(done.exception) == f"--shards: found {shards}; expected 1 to 53, as many as there are databases."
