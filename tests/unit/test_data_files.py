from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest
from pydantic import Field, ValidationError

from harness import data_files
from harness.data_files import Record, data_path, load_toml
from harness.errors import DataFileError

if TYPE_CHECKING:
    from pathlib import Path


class Colour(StrEnum):
    RED = "red"


class Item(Record):
    name: str
    size: int = 0
    limit: float = 0.0
    tags: tuple[str, ...] = ()
    colour: Colour = Colour.RED


class Items(Record):
    items: tuple[Item, ...] = Field(min_length=1)


def loaded(tmp_path: Path, text: str | bytes) -> Items:
    path = tmp_path / "items.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_toml(path, Items)


def test_document_becomes_records(tmp_path: Path) -> None:
    text = '[[items]]\nname = "a"\nsize = 3\nlimit = inf\ntags = ["x", "y"]\ncolour = "red"\n[[items]]\nname = "b"\n'
    assert loaded(tmp_path, text).items == (
        Item(name="a", size=3, limit=math.inf, tags=("x", "y"), colour=Colour.RED),
        Item(name="b"),
    )


def test_records_cannot_be_changed(tmp_path: Path) -> None:
    item = loaded(tmp_path, '[[items]]\nname = "a"').items[0]
    with pytest.raises(ValidationError, match="frozen"):
        item.name = "b"


@pytest.mark.parametrize(
    ("line", "field", "found"),
    [
        ("nam = 'x'", "items.0.nam", "'x'"),
        ("size = '3'", "items.0.size", "'3'"),
        ("size = 3.5", "items.0.size", "3.5"),
        ("size = true", "items.0.size", "True"),
        ("tags = 'x'", "items.0.tags", "'x'"),
        ("tags = ['x', 1]", "items.0.tags.1", "1"),
        ("colour = 'blue'", "items.0.colour", "'blue'"),
    ],
)
def test_wrong_field_is_named_with_what_stands_there(tmp_path: Path, line: str, field: str, found: str) -> None:
    with pytest.raises(DataFileError) as caught:
        loaded(tmp_path, f"[[items]]\nname = 'a'\n{line}\n")
    assert caught.value.where == f"{tmp_path / 'items.toml'}, field {field}"
    assert caught.value.found == found


@pytest.mark.parametrize(("text", "field"), [("", "items"), ("items = []", "items"), ("[[items]]", "items.0.name")])
def test_missing_field_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(DataFileError) as caught:
        loaded(tmp_path, text)
    assert caught.value.where.endswith(f"items.toml, field {field}")


@pytest.mark.parametrize("text", ["[[items]", "name = ", "name = 'a'\nname = 'b'", b"name = '\xff'"])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(DataFileError, match=r"items\.toml: found .*; expected a TOML document"):
        loaded(tmp_path, text)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"gone\.toml: found No such file or directory; expected a readable"):
        load_toml(tmp_path / "gone.toml", Items)
    with pytest.raises(DataFileError, match="found Is a directory; expected a readable"):
        load_toml(tmp_path, Items)


def test_checkout_keeps_its_data_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "harness"
    package.mkdir()
    monkeypatch.setattr(data_files, "_PACKAGE", package)
    assert data_path("fixtures", "a.toml") == tmp_path / "fixtures" / "a.toml"


def test_wheel_brings_its_data_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "harness"
    (package / "_data").mkdir(parents=True)
    (tmp_path / "fixtures").mkdir()
    monkeypatch.setattr(data_files, "_PACKAGE", package)
    assert data_path("fixtures", "a.toml") == package / "_data" / "fixtures" / "a.toml"


def test_data_of_this_installation_is_found() -> None:
    assert data_path("fixtures", "size_tiers.toml").is_file()
    assert data_path("model_configs", "Qwen--Qwen3-8B_config.json").is_file()
