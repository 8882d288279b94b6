from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ResultsError
from harness.results.models_file import read_models
from tests.fakes.models import DATABASES, TABLES, described, models_written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[dict[str, Any]], object]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    file = read_models(models_written(tmp_path / "m.jsonl", "Org/A", "Org/B"))
    assert file.models == {"Org/A": described(), "Org/B": described()}
    assert (file.databases, sorted(file.tables)) == (DATABASES, sorted(TABLES))
    assert file.versions["subject"] == "aiconfigurator 1.0.0"


@pytest.mark.parametrize(
    ("line", "edit", "said"),
    [
        (0, lambda header: header["versions"].pop("data"), "field versions.data"),
        (0, lambda header: header["about"].pop("tables"), "field about.tables: found nothing"),
        (0, lambda header: header["about"]["tables"][0].update(sources={"7": ""}), "database '7'"),
        (1, lambda entry: entry["content"].pop("plan"), "'Org/A', field content.plan: found nothing"),
        (1, lambda entry: entry["content"].update(layers="two"), "field content.layers: found"),
        (1, lambda entry: entry["content"]["breakdown"].update(database=2), "database number 2"),
        (1, lambda entry: entry["content"]["needs"][0].update(databases=[-1]), "database number -1"),
        (1, lambda entry: entry["content"]["ffns"].update(codes=[0, 2]), "a layer without a label"),
    ],
)
def test_a_damaged_line_is_refused(tmp_path: Path, line: int, edit: Edit, said: str) -> None:
    path = models_written(tmp_path / "m.jsonl", "Org/A")
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    edit(lines[line])
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    with pytest.raises(ResultsError) as caught:
        read_models(path)
    assert said in str(caught.value)
    assert f"m.jsonl:{line + 1}" in str(caught.value)


def test_a_file_of_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no record"):
        read_models(models_written(tmp_path / "m.jsonl"))
