"""Sessions: what CI runs, and what a developer runs."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


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
