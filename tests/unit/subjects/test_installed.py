"""Each environment is a real one: a folder of links to this one's packages, seen by a Python without any other."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import SubjectError, UsageError
from harness.subjects.installed import installed_versions, load_subject

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from harness.subjects.api import Subject

    Site = Callable[..., Path]
    Run = Callable[..., subprocess.CompletedProcess[str]]

LOAD = """
import json, sys
from pathlib import Path
from harness.errors import HarnessError
from harness.subjects.installed import load_subject
path = Path(sys.argv[1]) if sys.argv[1:] else None
try:
    info = load_subject(path).info
    print(json.dumps({"version": info.version, "data": info.data_version, "note": info.note}))
except HarnessError as error:
    print(json.dumps({"error": str(error), "type": type(error).__name__, "exit": error.exit_code}))
"""


def load(run_python: Run, site: Path, *path: str) -> dict[str, Any]:
    done = run_python("-c", LOAD, *path, site=site)
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def add_distribution(site: Path, name: str, version: str) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def break_package(site: Path, statement: str) -> None:
    (site / "aiconfigurator").unlink()
    (site / "aiconfigurator").mkdir()
    (site / "aiconfigurator" / "__init__.py").write_text(statement)


def test_whole_subject_is_loaded(site: Site, run_python: Run) -> None:
    assert load(run_python, site()) == {"version": "0.12.0", "data": "0.12.0", "note": ""}


def test_no_subject(site: Site, run_python: Run) -> None:
    found = load(run_python, site("aiconfigurator"))
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert found["error"].startswith("the subject: found no distribution `aiconfigurator`; expected one installed")
    assert "pip install 'aiconfigurator-harness[subject]'" in found["error"]


@pytest.mark.parametrize("gone", ["aiconfigurator_core", "aiconfigurator_core-"])
def test_subject_without_its_core_distribution(site: Site, run_python: Run, gone: str) -> None:
    found = load(run_python, site(gone))
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert "found aiconfigurator 0.12.0 without `aiconfigurator-core`; expected both" in found["error"]


@pytest.mark.parametrize("gone", ["aiconfigurator", "aiconfigurator_core"])
def test_subject_whose_package_is_gone_but_not_its_metadata(site: Site, run_python: Run, gone: str) -> None:
    folder = site()
    (folder / gone).unlink()
    found = load(run_python, folder)
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert f"cannot be imported (ModuleNotFoundError: No module named '{gone}" in found["error"]


@pytest.mark.parametrize("version", ["0.4.0", "0.10.0"])
def test_release_that_is_not_whole_names_what_an_environment_for_it_needs(
    site: Site, run_python: Run, version: str
) -> None:
    folder = site("aiconfigurator")
    add_distribution(folder, "aiconfigurator", version)
    found = load(run_python, folder)
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert f"found aiconfigurator {version}, which cannot be imported (ModuleNotFoundError" in found["error"]
    assert found["error"].endswith(f"pip install 'aiconfigurator=={version}' 'plotext<6' 'pyarrow<26'")


@pytest.mark.parametrize(("version", "half"), [("0.9.0", "aiconfigurator"), ("0.11.0", "aiconfigurator-core")])
def test_release_that_the_index_does_not_have_says_why(site: Site, run_python: Run, version: str, half: str) -> None:
    folder = site("aiconfigurator")
    add_distribution(folder, "aiconfigurator", version)
    found = load(run_python, folder)
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert f"aiconfigurator {version} cannot be had from the package index: the index holds a" in found["error"]
    assert half in found["error"]


@pytest.mark.parametrize(
    ("version", "note"),
    [
        ("0.12.0.post1", ""),
        ("0.11.0", ""),
        ("0.12.1", "is newer than any release this harness knows; the adapter for 0.12.0 is tried."),
        ("0.13.0", "is newer than any release this harness knows; the adapter for 0.12.0 is tried."),
        ("1.0", "is newer than any release this harness knows; the adapter for 0.12.0 is tried."),
        ("0.12.0rc1", "is no release that this harness knows; the adapter for 0.12.0 is tried."),
        ("0.11.5", "is no release that this harness knows; the adapter for 0.11.0 is tried."),
        ("0.12.0+g1234", "is a local build; the adapter for 0.12.0 is tried."),
    ],
)
def test_version_that_is_not_listed_is_tried_with_a_note(
    site: Site, run_python: Run, version: str, note: str
) -> None:
    folder = site("aiconfigurator-")
    add_distribution(folder, "aiconfigurator", version)
    found = load(run_python, folder)
    assert found["version"] == version
    public = version.partition("+")[0]
    assert found["note"] == (f"aiconfigurator {public} {note}" if note else "")


def test_editable_checkout_is_a_local_build(site: Site, run_python: Run) -> None:
    folder = site("aiconfigurator-")
    add_distribution(folder, "aiconfigurator", "0.12.0")
    record = {"url": "file:///src", "dir_info": {"editable": True}}
    (folder / "aiconfigurator-0.12.0.dist-info" / "direct_url.json").write_text(json.dumps(record))
    assert load(run_python, folder)["note"] == "aiconfigurator 0.12.0 is a local build; the adapter for 0.12.0 is tried."


def test_folder_without_a_version_is_taken_for_a_build_of_the_newest_release(
    site: Site, run_python: Run, tmp_path: Path
) -> None:
    whole, checkout = site(), tmp_path / "src"
    checkout.mkdir()
    for package in ("aiconfigurator", "aiconfigurator_core"):
        (checkout / package).symlink_to((whole / package).resolve())
    found = load(run_python, whole, str(checkout))
    assert found["version"] == "0.12.0+local"
    assert found["note"] == "aiconfigurator 0.12.0 is a local build; the adapter for 0.12.0 is tried."


@pytest.mark.parametrize(
    "statement",
    [
        "import no_such_module_at_all",
        "raise RuntimeError('two\\nlines')",
        "print('noise'); 1 / 0",
        "raise SystemExit(0)",
        "def f(:",
    ],
)
def test_subject_that_cannot_be_imported(site: Site, run_python: Run, statement: str) -> None:
    folder = site()
    break_package(folder, statement)
    found = load(run_python, folder)
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert "which cannot be imported (" in found["error"]
    assert "\n" not in found["error"]


def test_unreadable_version_is_an_error_of_the_subject(site: Site, run_python: Run) -> None:
    folder = site("aiconfigurator-")
    add_distribution(folder, "aiconfigurator", "unknown")
    found = load(run_python, folder)
    assert (found["type"], found["exit"]) == ("SubjectError", 3)
    assert "unknown" in found["error"]


def test_subject_path_comes_before_the_environment(site: Site, run_python: Run, tmp_path: Path) -> None:
    other = tmp_path / "other build"
    (other / "aiconfigurator").mkdir(parents=True)
    (other / "aiconfigurator" / "__init__.py").write_text("raise ImportError('the other build')")
    add_distribution(other, "aiconfigurator", "0.12.7")
    found = load(run_python, site(), str(other))
    assert "found aiconfigurator 0.12.7, which cannot be imported (ImportError: the other build)" in found["error"]


@pytest.mark.parametrize("kind", ["missing", "a file", "without the package"])
def test_bad_subject_path_is_a_usage_error_and_never_the_installed_subject(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "a file":
        path.write_text("")
    elif kind == "without the package":
        path.mkdir()
    before = list(sys.path)
    with pytest.raises(
        UsageError, match=r"--subject-path: found .*; expected a folder that holds the package"
    ) as caught:
        load_subject(path)
    assert str(path) in str(caught.value)
    assert sys.path == before


def test_versions_of_both_halves_are_told(site: Site, run_python: Run) -> None:
    assert installed_versions() == {"aiconfigurator": "0.12.0", "aiconfigurator-core": "0.12.0"}
    script = "from harness.subjects.installed import installed_versions as f; print(f())"
    done = run_python("-c", script, site=site("aiconfigurator_core"))
    assert done.stdout == "{'aiconfigurator': '0.12.0', 'aiconfigurator-core': None}\n"


def test_subject_is_loaded_once(subject: Subject) -> None:
    assert load_subject(None) is subject


def test_error_of_the_subject_ends_with_exit_code_3() -> None:
    assert SubjectError.exit_code == 3
