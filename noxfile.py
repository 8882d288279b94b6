"""Sessions: what CI runs, and what a developer runs."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
RESULTS = Path("results")
SCREENSHOTS = Path("build/screenshots")
RELEASES = tomllib.loads(Path("fixtures/releases.toml").read_text(encoding="utf-8"))["releases"]
INSTALLABLE = {release["version"]: release.get("pins", []) for release in RELEASES if "stub" not in release}
"""Releases that the package index can give, each with what must be installed beside it."""


def _install(session: nox.Session, *groups: str) -> None:
    session.install("-e", ".[subject]", *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session(tags=["check"])
def lint(session: nox.Session) -> None:
    """Format, lint and types."""
    _install(session, "test", "lint")
    session.install("nox")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")


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
    wanted = [f"aiconfigurator=={version}", *INSTALLABLE[version]]
    session.install("-e", ".", *wanted, *nox.project.dependency_groups(PYPROJECT, "test"))
    folder = RESULTS / version
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _conformance(session: nox.Session, version: str) -> None:
    folder = _release(session, version)
    session.run("aic-harness", "check", "--all", "--results", str(folder / "findings.jsonl"), *session.posargs)
    # One estimate of each release, for the bugs that show in estimates alone.
    where = ("--system", "h200_sxm", "--backend", "trtllm", "--check", "estimate_finite")
    session.run("aic-harness", "check", "Qwen/Qwen3-8B", *where, "--results", str(folder / "findings.estimates.jsonl"))


def _matrix_of(session: nox.Session, version: str) -> None:
    folder = _release(session, version)
    session.run("aic-harness", "matrix", "run", "--out", str(folder / "support_matrix.csv"), *session.posargs)


def _sessions_of(version: str) -> None:
    @nox.session(name=f"conformance-{version}", reuse_venv=True)
    def conformance_of_one(session: nox.Session) -> None:
        """Run every check on one release; arguments go to `aic-harness check`."""
        _conformance(session, version)

    @nox.session(name=f"matrix-{version}", reuse_venv=True)
    def matrix_of_one(session: nox.Session) -> None:
        """Judge the matrix of one release; arguments go to `aic-harness matrix run`."""
        _matrix_of(session, version)


for _version in INSTALLABLE:
    _sessions_of(_version)


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
