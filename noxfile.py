"""Sessions: what CI runs, and what a developer runs."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tomllib
from pathlib import Path

import nox
import nox.virtualenv

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
RESULTS = Path("results")
SCREENSHOTS = Path("build/screenshots")
RELEASES = tomllib.loads(Path("fixtures/releases.toml").read_text(encoding="utf-8"))["releases"]
INSTALLABLE = {release["version"]: release for release in RELEASES if "stub" not in release}
"""Releases that the package index can give."""
STUBS = {release["version"]: release["stub"] for release in RELEASES if "stub" in release}
"""The others, and why it cannot."""
WORKFLOWS = ".github/workflows"


def _lost(environment: Path) -> Path | None:
    """The first file of an environment that is gone or not as long as it was installed; None if there is none."""
    needed: dict[Path, str] = {environment / "pyvenv.cfg": "", environment / "bin" / "python": ""}
    for site in environment.glob("lib/python*/site-packages"):
        for record in (folder / "RECORD" for folder in site.glob("*.dist-info")):
            needed[record] = ""
            if record.exists():
                with record.open(encoding="utf-8", newline="") as rows:
                    needed.update({site / name: size for name, _, size in csv.reader(rows) if not _compiled(name)})
    return next((path for path, size in needed.items() if not _is_there(path, size)), None)


def _compiled(name: str) -> bool:
    """Whether Python makes a file or folder by itself, so that it comes and goes."""
    return name.endswith(".pyc") or "__pycache__" in name


def _is_there(path: Path, size: str) -> bool:
    return path.exists() and (not size or path.stat().st_size == int(size))


def _whole(session: nox.Session) -> None:
    """Build an environment anew of which something is gone.

    No installer sees that a package lacks files, and without `pyvenv.cfg` it would install into the Python from which
    the environment was made.
    """
    environment = session.virtualenv
    if not isinstance(environment, nox.virtualenv.VirtualEnv):
        return
    folder = Path(environment.location)
    if lost := _lost(folder):
        session.warn(f"building {folder.name} anew: {lost.resolve().relative_to(folder.resolve())} is gone or torn")
        shutil.rmtree(folder)
        environment.create()


def _install(session: nox.Session, *groups: str) -> None:
    _whole(session)
    session.install("-e", ".[subject]", *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session(tags=["check"])
def lint(session: nox.Session) -> None:
    """Format, lint and types."""
    _install(session, "test", "lint")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    # None of them asks the network for anything.
    session.run("zizmor", "--offline", "--no-progress", "--quiet", "--persona", "pedantic", WORKFLOWS)
    workflows = sorted(map(str, Path(WORKFLOWS).iterdir()))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("actionlint", *workflows)


@nox.session(tags=["check"])
def tests(session: nox.Session) -> None:
    """Every suite, with a covering sample of the support matrix; arguments go to pytest."""
    _install(session, "test")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(tags=["check"])
def browser(session: nox.Session) -> None:
    """The page in a browser that is installed already; a picture of every view goes to build/screenshots."""
    _install(session, "test", "browser")
    pictures = os.environ.get("AIC_HARNESS_SCREENSHOTS", str(SCREENSHOTS.resolve()))
    session.run("pytest", "tests/browser", *session.posargs, env={"AIC_HARNESS_SCREENSHOTS": pictures})


@nox.session
def matrix(session: nox.Session) -> None:
    """Regenerate support_matrix.csv for the pinned subject; arguments go to `aic-harness matrix run`."""
    _install(session)
    session.run("aic-harness", "matrix", "run", *session.posargs)
    if not session.posargs:
        session.run("aic-harness", "matrix", "verify", "support_matrix.csv")


@nox.session
def findings(session: nox.Session) -> None:
    """Regenerate docs/findings.md and the table of docs/checks.md; fails when a finding is not a known issue."""
    _install(session)
    session.run("python", "-m", "harness.checks.catalog", "docs/checks.md")
    session.run("aic-harness", "check", "--all", "--estimates", "--findings", "docs/findings.md", *session.posargs)


def _release(session: nox.Session, version: str) -> Path:
    """Install one release with what it needs beside it, and make the folder of its results."""
    release = INSTALLABLE[version]
    _whole(session)
    _refuse_newer_python(session, release.get("python", ""))
    wanted = [f"aiconfigurator=={version}", *release.get("pins", [])]
    session.install("-e", ".", *wanted, *nox.project.dependency_groups(PYPROJECT, "test"))
    folder = RESULTS / version
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _refuse_newer_python(session: nox.Session, newest: str) -> None:
    python = session.python if isinstance(session.python, str) else f"{sys.version_info.major}.{sys.version_info.minor}"
    if newest and tuple(map(int, python.split("."))) > tuple(map(int, newest.split("."))):
        session.error(f"found Python {python}; this release needs {newest} or older: run nox with that")


def _sessions_of(version: str) -> None:
    @nox.session(name=f"conformance-{version}", reuse_venv=True)
    def conformance_of_one(session: nox.Session) -> None:
        """Run every check on one release; arguments go to `aic-harness check`."""
        results = _release(session, version) / "findings.jsonl"
        session.run("aic-harness", "check", "--all", "--estimates", "--results", str(results), *session.posargs)

    @nox.session(name=f"matrix-{version}", reuse_venv=True)
    def matrix_of_one(session: nox.Session) -> None:
        """Judge the matrix of one release; arguments go to `aic-harness matrix run`."""
        out = _release(session, version) / "support_matrix.csv"
        session.run("aic-harness", "matrix", "run", "--out", str(out), *session.posargs)


def _no_session_of(kind: str, version: str) -> None:
    @nox.session(name=f"{kind}-{version}", venv_backend="none")
    def nothing(session: nox.Session) -> None:
        """Say why this release cannot be installed."""
        todo = "In an environment that holds the real wheels, use aic-harness as with any other release"
        session.error(f"aiconfigurator {version} cannot be installed: {STUBS[version]}. {todo}")


for _version in INSTALLABLE:
    _sessions_of(_version)
for _version in STUBS:
    _no_session_of("conformance", _version)
    _no_session_of("matrix", _version)


@nox.session
def conformance(session: nox.Session) -> None:
    """Run every check on every release, each in an environment of its own, then write docs/history.md."""
    for version in INSTALLABLE:
        session.notify(f"conformance-{version}")
    session.notify("history")


@nox.session
def history(session: nox.Session) -> None:
    """Write docs/history.md from the results of the releases, and prove the sample of bugs on them."""
    _install(session, "test")
    session.run("aic-harness", "releases", "--results", str(RESULTS), "--history", "docs/history.md")
    session.run("pytest", "-q", "tests/releases", env={"AIC_HARNESS_RESULTS": str(RESULTS)})


@nox.session
def report(session: nox.Session) -> None:
    """Build the page of the pinned release in build/report from results/, making what is missing there.

    Arguments go to `aic-harness report`.
    """
    _install(session)
    pinned = next(
        requirement.partition("==")[2] for requirement in PYPROJECT["project"]["optional-dependencies"]["subject"]
    )
    folder = RESULTS / pinned
    for name, command in (
        ("support_matrix.csv", ("matrix", "run", "--out")),
        ("findings.jsonl", ("check", "--all", "--results")),
        ("models.jsonl", ("describe", "--all", "--out")),
    ):
        if not (folder / name).exists():
            session.run("aic-harness", *command, str(folder / name))
    # 1: something is unexpected, which the page tells.
    session.run("aic-harness", "report", pinned, "--out", "build/report", *session.posargs, success_codes=[0, 1])


@nox.session
def changes(session: nox.Session) -> None:
    """Print, as Markdown, what changed between the newest two releases, from their results."""
    _whole(session)
    session.install("-e", ".")
    newest = list(INSTALLABLE)[-2:]
    compare = ("aic-harness", "compare", *newest, "--results", str(RESULTS), "--markdown")
    # What a release did worse than the one before it stays so: it fails nothing, while results that cannot be read do.
    session.run(*compare, success_codes=[0, 1])


@nox.session
def oracle(session: nox.Session) -> None:
    """Build every stored config with its transformers class; fails when what that says is not what is frozen.

    After a change that is meant: python -m harness.oracle
    """
    session.install("-e", ".[subject,oracle]", *nox.project.dependency_groups(PYPROJECT, "test"))
    hybrids = ("--configs", "tests/unit/reference/hybrids", "--out", "tests/unit/oracle/hybrids.json")
    session.run("python", "-m", "harness.oracle", "--check")
    session.run("python", "-m", "harness.oracle", "--check", *hybrids)
    session.run("pytest", "-n", "auto", "tests/unit/oracle", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Compare the fast search with the subject's own full search on a seeded sample: about half an hour."""
    _install(session)
    session.run("python", "benchmarks/full_search.py", *session.posargs)
