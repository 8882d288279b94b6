from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

import harness
from harness.errors import DataFileError
from harness.subjects.releases import load_lines, load_releases

ROOT = Path(harness.__file__).parents[1]
KNOWN = load_releases()


def write(tmp_path: Path, releases: str, reasons: str = '"plotext<6" = "because"') -> Path:
    path = tmp_path / "releases.toml"
    path.write_text(
        'name = "aiconfigurator"\n'
        'adapters = [{ name = "only", module = "harness.subjects.some_core", subject = "S", distributions = ["d"] }]\n'
        f"releases = [{releases}]\n[pin_reasons]\n{reasons}\n"
    )
    return path


@pytest.mark.parametrize("entry", [one for line in load_lines() for one in line.adapters], ids=lambda entry: entry.name)
def test_every_adapter_is_there(entry: object) -> None:
    module, subject = entry.module, entry.subject  # type: ignore[attr-defined] # pytest has no types for parameters
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert f"\nclass {subject}(" in Path(str(spec.origin)).read_text(encoding="utf-8")


def test_newest_release_is_the_one_that_is_installed_with_the_harness() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["subject"]
    entry = KNOWN.adapter(KNOWN.newest)
    assert extra == [f"{name}=={KNOWN.newest.version}" for name in entry.distributions]


@pytest.mark.parametrize(
    ("version", "nearest"),
    [
        ("0.12.0", "0.12.0"),
        ("0.8.0", "0.8.0"),
        ("0.5.0.post0", "0.5.0"),
        ("0.12.0rc1", "0.12.0"),
        ("0.8.3", "0.8.0"),
        ("0.9.0", "0.9.0"),
        ("1.0", "0.12.0"),
        ("0.1.0", "0.4.0"),
        ("0.12.0+local", "0.12.0"),
    ],
)
def test_version_goes_to_the_newest_release_that_is_not_newer(version: str, nearest: str) -> None:
    assert KNOWN.nearest(Version(version)).version == nearest


@pytest.mark.parametrize(
    ("version", "listed"),
    [("0.8.0", True), ("0.5.0.post0", True), ("0.8.0rc1", False), ("0.8.0+local", False), ("0.8.1", False)],
)
def test_only_a_published_release_is_listed(version: str, listed: bool) -> None:
    assert (KNOWN.exactly(Version(version)) is not None) is listed


def test_each_pin_of_a_release_has_a_reason_that_says_something() -> None:
    pins = {pin for release in KNOWN.releases for pin in release.pins}
    assert pins == KNOWN.pin_reasons.keys()
    assert all(len(reason) > 20 for reason in KNOWN.pin_reasons.values())


@pytest.mark.parametrize(
    ("releases", "said"),
    [
        ('{ version = "1.0", adapter = "other" }', "adapter 'other' among only"),
        ('{ version = "1.0", adapter = "only", pins = ["pyarrow<26"] }', "a reason for the pin 'pyarrow<26'"),
        ('{ version = "1.0", adapter = "only", pins = ["<6"] }', "requirements such as"),
        ('{ version = "one", adapter = "only" }', "a PEP 440 version"),
        ('{ version = "1.0", adapter = "only" }, { version = "0.9", adapter = "only" }', "oldest first"),
        ('{ version = "1.0", adapter = "only" }, { version = "1.0", adapter = "only" }', "every release once"),
        ('{ version = "1.0", adapter = "only", lacks = [{ capability = "x", reason = "0123456789" }] }', "lacks"),
    ],
)
def test_list_that_does_not_fit_together_is_refused(tmp_path: Path, releases: str, said: str) -> None:
    with pytest.raises(DataFileError, match=re.escape(said)):
        load_releases(write(tmp_path, releases))


def test_release_may_lack_what_its_generation_has(tmp_path: Path) -> None:
    lack = '{ capability = "mtp", reason = "it refuses every model" }'
    found = load_releases(write(tmp_path, f'{{ version = "1.0", adapter = "only", lacks = [{lack}] }}'))
    assert found.newest.lacking == {"mtp"}
