"""The workflows call what exists, as it can be called anywhere, and nothing that is not pinned."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
import yaml
from typer.testing import CliRunner

import harness
from harness.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(harness.__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
NIGHTLY = ROOT / ".github" / "workflows" / "nightly.yml"

_PINNED = re.compile(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")
_OF_LIST = re.compile(r"\$\{\{ fromJSON\(needs\.jobs\.outputs\.jobs\)\.(\w+) \}\}")
_OF_MATRIX = re.compile(r"\$\{\{ matrix\.(\w+) \}\}")
_INSTALL = re.compile(r"python -m pip install( -e| \.| '?(\.|nox)\[\w+\]'?)+")
_TO_SUMMARY = re.compile(r" (\|&?|2> >\()\s*tee -a \"\$GITHUB_\w+\"( >&2\))?$")
_WORDS = re.compile(r"echo '[^']*' >> \"\$GITHUB_\w+\"")


@cache
def sessions() -> frozenset[str]:
    """What nox knows."""
    command = (sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--list")
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return frozenset(re.findall(r"^[-*] (\S+)", done.stdout, re.MULTILINE))


def the_list(command: list[str]) -> dict[str, Any]:
    """The jobs that a command of the nightly run lists."""
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def refusal(arguments: list[str]) -> str:
    """Why the command line would not take these arguments; empty if it would."""
    command: Any = typer.main.get_command(app)
    name, rest = "aic-harness", arguments
    try:
        while True:
            context = command.make_context(name, list(rest))
            if not hasattr(command, "resolve_command"):
                return ""
            name, command, rest = command.resolve_command(context, rest)
    except Exception as error:  # noqa: BLE001 - typer's own class is private
        return f"aic-harness {shlex.join(arguments)}: {getattr(error, 'message', error)}"


def runs(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every line that a job runs, with the variables of its step."""
    for step in job["steps"]:
        for line in step.get("run", "").splitlines():
            yield line, step.get("env", {})


def called(line: str, variables: dict[str, str], row: dict[str, Any], release: str) -> str:
    """A line with the values that it has in one job of a list."""
    for name, value in variables.items():
        said = _OF_MATRIX.sub(lambda found: str(row[found[1]]), _OF_LIST.sub(release, value))
        line = line.replace(f"${name}", said)
    return _TO_SUMMARY.sub("", line)


def wrong_call(line: str) -> str:
    """Why a line is none that a job may run; empty if it is one."""
    if _INSTALL.fullmatch(line) or _WORDS.fullmatch(line):
        return ""
    program, *arguments = shlex.split(line)
    if re.search(r"[;&|<>`$]", line):
        return f"{line}: more than one call"
    if program == "aic-harness":
        return refusal(arguments)
    if program != "nox":
        return f"{line}: neither nox nor aic-harness"
    flag, session, *rest = arguments
    if flag != "-s" or session not in sessions():
        return f"{line}: no such session"
    return refusal(["matrix", "run", *rest[1:]]) if session == "matrix" else ""


def problems(text: str) -> list[str]:  # noqa: C901 - one rule after the other
    """What is wrong with a workflow."""
    workflow = yaml.safe_load(text)
    found = [line.strip() for line in text.splitlines() if "uses:" in line and not _PINNED.search(line)]
    if workflow["permissions"] != {"contents": "read"}:
        found.append("permissions")
    if workflow["defaults"] != {"run": {"shell": "bash"}}:
        found.append("a shell that hides exit codes")
    jobs = workflow["jobs"]
    lists = [
        shlex.split(_TO_SUMMARY.sub("", line)) for job in jobs.values() for line, _ in runs(job) if " jobs " in line
    ]
    listed: dict[str, Any] = the_list(lists[0][1:]) if lists else {"release": ""}
    for name, job in jobs.items():
        if not 0 < job.get("timeout-minutes", 0) <= 180:
            found.append(f"{name}: no time limit")
        if any("checkout" in step.get("uses", "") and step["with"]["persist-credentials"] for step in job["steps"]):
            found.append(f"{name}: credentials stay")
        rows: list[dict[str, Any]] = [{}]
        if include := job.get("strategy", {}).get("matrix", {}).get("include"):
            match = _OF_LIST.fullmatch(include)
            if not match or match[1] not in listed:
                found.append(f"{name}: {include} is not in the list of jobs")
                continue
            rows = listed[match[1]]
            if lacking := sorted({key for key in _OF_MATRIX.findall(yaml.dump(job)) if key not in rows[0]}):
                found.append(f"{name}: the list does not say {', '.join(lacking)}")
                continue
        for row in rows:
            lines = [called(line, env, row, listed["release"]) for line, env in runs(job)]
            found += [wrong for line in lines if (wrong := wrong_call(line))]
            if row and shlex.split(row["command"]) not in map(shlex.split, lines):
                found.append(f"{name}: not {row['command']}")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_what_exists_and_nothing_that_is_not_pinned(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


def test_there_are_workflows_and_an_action_is_pinned_to_one_commit_everywhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins = {match.groups() for line in text.splitlines() if (match := _PINNED.search(line))}
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "matrix.yml", "nightly.yml"]
    assert len(pins) == len({action for action, _ in pins}) == 5


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (r"checkout@\w+", "checkout@v7", "uses: actions/checkout@v7 # v7.0.1"),
        (r"contents: read", "contents: write", "permissions"),
        (r"shell: bash", "shell: sh", "a shell that hides exit codes"),
        (r"timeout-minutes: 30", "timeout-minutes: 0", "together: no time limit"),
        (r"persist-credentials: false", "persist-credentials: true", "jobs: credentials stay"),
        (r"-s history", "-s historie", "nox -s historie: no such session"),
        (r"conformance-\$REL", "conformances-$REL", 'conformances-0.4.0": no such session'),
        (r"run: nox -s history", "run: nox -s history; true", "nox -s history; true: more than one call"),
        (r"run: nox -s history", "run: make history", "make history: neither nox nor aic-harness"),
        (r"matrix diff", "matrix differ", "aic-harness matrix differ"),
        (r"--markdown", "--marked", "No such option: --marked"),
        (r"--shard \"", '--shards "', "No such option: --shards"),
        (r"matrix -- --shard \"\$SHARD\"", "matrix", "matrix: not nox -s matrix -- --shard 1/4"),
        (r"jobs\)\.shards", "jobs).parts", "matrix: ${{ fromJSON(needs.jobs.outputs.jobs).parts }} is not in the list"),
        (r"include: \$.*shards }}", "include: ${{ fromJSON('[]') }}", "matrix: ${{ fromJSON('[]') }} is not in the"),
        (r"matrix\.shard }}", "matrix.part }}", "matrix: the list does not say part"),
    ],
)
def test_what_is_wrong_with_a_workflow_is_seen(before: str, after: str, problem: str) -> None:
    broken, count = re.subn(before, lambda _: after, NIGHTLY.read_text(encoding="utf-8"))
    assert count
    assert any(problem in found for found in problems(broken))
