"""A run on a cluster is the run on one machine, whatever becomes of its workers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import distributed
import pytest

from harness.errors import ClusterError
from harness.matrix.evidence import evidence_path
from harness.results.stream import partial_path
from harness.running import cluster as module
from harness.running.cluster import Cluster
from harness.running.cluster_task import Likeness
from harness.running.records import Done, Limits, Lost
from tests.fakes import faulty
from tests.fakes.clusters import ROOT, RealCluster, children, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.running.records import Outcome

KIND = Likeness(faulty.of_a_kind, {"kind": "ours"})
MODELS = ("--model", "Qwen/Qwen3-0.6B", "--model", "Qwen/Qwen3-1.7B")
FILTERS = (*MODELS, "--system", "b60", "--system", "a100_sxm", "--backend", "vllm", "--mode", "agg")
CELLS = 6
"""Of three databases."""


@pytest.fixture(scope="module")
def _two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with RealCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.add_workers(2)
        yield cluster


@pytest.fixture
def two(_two: RealCluster) -> RealCluster:
    """A cluster of two workers, whatever became of them in the test before."""
    with distributed.Client(_two.address, set_as_default=False) as client:
        eventually(lambda: len(client.nthreads()) == 2)
    return _two


def _cluster(address: str, sizes: list[tuple[int, int]] | None = None) -> Cluster:
    def on_size(workers: int, threads: int) -> None:
        if sizes is not None:
            sizes.append((workers, threads))

    return Cluster(address, KIND, lambda units: [units], on_size)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness.cli", "matrix", "run", *FILTERS, "--json", *words]


def _finished(*words: str) -> tuple[dict[str, int], str]:
    done = subprocess.run(_command(*words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, int] = json.loads(done.stdout)
    return document, done.stderr


def _evidence(out: Path) -> list[dict[str, object]]:
    pq = pytest.importorskip("pyarrow.parquet")
    rows = pq.read_table(evidence_path(out)).drop_columns(["seconds"]).to_pylist()
    assert isinstance(rows, list)
    return rows


def _at_work(two: RealCluster) -> list[int]:
    return [worker for worker in two.worker_processes() if children(worker)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("here") / "m.csv"
    assert _finished("--out", str(out), "--no-cache", "--quiet")[0]["judged"] == CELLS
    return out


def test_a_worker_that_is_killed_loses_nothing(two: RealCluster, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    journal = partial_path(out.with_suffix(".journal.jsonl"))
    command = _command("--out", str(out), "--no-cache", "--scheduler", two.address)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # Before there is a journal, workers only say what they are.
        eventually(lambda: journal.exists() and len(_at_work(two)) == 2)
        os.kill(_at_work(two)[0], signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["judged"] == CELLS
    _, first, *_ = stderr.splitlines()
    assert first == "cluster: 2 workers, threads: 2"
    assert out.read_bytes() == whole.read_bytes()
    assert _evidence(out) == _evidence(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.csv", "m.evidence.parquet"]


def test_a_shard_that_is_killed_leaves_nothing_there_and_goes_on(two: RealCluster, whole: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.jsonl"
    words = ("--out", str(part), "--no-cache", "--shard", "1/1", "--scheduler", two.address, "--quiet")
    process = subprocess.Popen(_command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = partial_path(part)
    eventually(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 1)
    process.kill()
    process.wait()
    eventually(lambda: _at_work(two) == [], 10)
    done = journal.read_bytes().count(b"\n") - 1
    assert 0 < done < CELLS

    assert _finished("--resume", *words)[0]["reused"] == done
    merged = tmp_path / "m.csv"
    subprocess.run([sys.executable, "-m", "harness.cli", "merge", str(part), "--out", str(merged)], check=True)
    assert merged.read_bytes() == whole.read_bytes()


def test_what_a_cluster_has_judged_is_known_here_and_the_other_way_round(
    two: RealCluster, whole: Path, tmp_path: Path
) -> None:
    words = ("--cache-dir", str(tmp_path / "cache"), "--quiet")
    part = _finished(*words, "--out", str(tmp_path / "part.jsonl"), "--shard", "1/2")[0]
    of_cluster, here = tmp_path / "cluster.csv", tmp_path / "here.csv"
    half = _finished(*words, "--out", str(of_cluster), "--scheduler", two.address)[0]
    assert 0 < half["reused"] == part["judged"] < CELLS
    assert _finished(*words, "--out", str(here))[0]["reused"] == CELLS
    assert of_cluster.read_bytes() == here.read_bytes() == whole.read_bytes()


def test_a_worker_with_another_harness_is_refused(two: RealCluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("fixtures", "model_configs", "support_matrix.csv"):
        (tmp_path / name).symlink_to(ROOT / name)
    init = tmp_path / "harness" / "__init__.py"
    init.write_text(re.sub('__version__ = ".*"', '__version__ = "0.0.1"', init.read_text()))
    out = tmp_path / "m.csv"
    with two.more_workers(1, root=tmp_path):
        done = subprocess.run(
            _command("--out", str(out), "--scheduler", two.address, "--quiet"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    expected = (
        r"error: worker tcp://\S+: found aiconfigurator-harness 0\.0\.1; expected aiconfigurator-harness [\d.]+, as on"
    )
    assert re.match(expected, done.stderr)
    assert list(tmp_path.glob("m.*")) == []


def test_a_worker_that_comes_later_is_looked_at_too(two: RealCluster) -> None:
    sizes: list[tuple[int, int]] = []
    with _cluster(two.address, sizes) as cluster:
        assert sizes == [(2, 2)]
        with two.more_workers(1, FAULTY_KIND="theirs"), pytest.raises(ClusterError) as caught:
            list(cluster.run([["nap 0.1"]] * 6, faulty.ready, Limits()))
    assert re.match("worker tcp://.*: found kind theirs; expected kind ours, as on this machine", str(caught.value))
    assert sizes == [(2, 2), (3, 3)]


def test_a_unit_that_goes_wrong_costs_itself(two: RealCluster) -> None:
    groups = [["a", "segfault", "b"], ["c", "hang", "d"]]
    with _cluster(two.address) as cluster:
        outcomes = dict(cluster.run(groups, faulty.ready, Limits(seconds=1.0)))
    lost = {unit: str(outcomes.pop(unit)) for unit in ("segfault", "hang")}
    assert outcomes == {unit: Done(unit.upper()) for unit in "abcd"}
    assert lost == {"segfault": "crashed: signal SIGSEGV", "hang": "timeout: no answer in 1 s"}


RUN = """
import sys
from harness.running.records import Limits
from tests.fakes import faulty
from tests.faults.test_cluster import _cluster

with _cluster(sys.argv[1]) as cluster:
    for unit, _ in cluster.run([["a"], *[["hang"]] * 5], faulty.ready, Limits()):
        print(unit, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_nothing_there(two: RealCluster, number: signal.Signals) -> None:
    command = [sys.executable, "-c", RUN, two.address]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"a\n"
        eventually(lambda: len(_at_work(two)) == 2)
        process.send_signal(number)
        process.wait(20)
    eventually(lambda: _at_work(two) == [], 10)
    with distributed.Client(two.address, set_as_default=False) as client:
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0


def test_workers_and_schedulers_that_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RealCluster(tmp_path, failures=1) as real:
        with monkeypatch.context() as patch:
            patch.setattr(module, "_ANSWER_S", 1.0)
            with pytest.raises(ClusterError, match="found no worker in 1 s; expected at least"), _cluster(real.address):
                pass
        with real.more_workers(1), _cluster(real.address) as cluster:
            given_up = dict(cluster.run([["kill-parent", "a"]], faulty.ready, Limits()))
        for lost in given_up.values():
            assert isinstance(lost, Lost)
            assert (lost.begun, str(lost).partition(":")[2][:13]) == (False, " KilledWorker")
        with contextlib.ExitStack() as stack:
            with real.more_workers(1):
                outcomes = _half_done(stack.enter_context(_cluster(real.address)))
            # Only now: one that died above took its time to come back.
            monkeypatch.setattr(module, "_GONE_S", 1.0)
            with pytest.raises(ClusterError, match=r"found no worker for 1 s; .* go on with --resume"):
                next(outcomes)
        monkeypatch.undo()
        with real.more_workers(1), _cluster(real.address) as cluster:
            outcomes = _half_done(cluster)
            real.scheduler.kill()
            with pytest.raises(ClusterError, match=r"found no scheduler any more; .* go on with --resume"):
                next(outcomes)


def _half_done(cluster: Cluster) -> Iterator[tuple[str, Outcome]]:
    outcomes = cluster.run([["a"], ["hang"]], faulty.ready, Limits())
    assert next(outcomes) == ("a", Done("A"))
    return outcomes


def test_the_address_of_a_worker_is_none_of_a_scheduler(two: RealCluster) -> None:
    with distributed.Client(two.address, set_as_default=False) as client:
        worker = min(client.nthreads())
    with pytest.raises(ClusterError, match="found a worker of a cluster; expected its scheduler"), _cluster(worker):
        pass


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tcp://127.0.0.1:1", "no scheduler that answers (OSError: Timed out"),
        ("tcp://127.0.0.1", "no scheduler that answers (ValueError: missing port number"),
        ("http://127.0.0.1:80", "no scheduler that answers (ValueError: unknown address scheme 'http'"),
        ("somewhere\n", "no scheduler that answers (ValueError: missing port number"),
        ("silent", "no scheduler that answers (TimeoutError)"),
    ],
)
def test_an_address_without_a_scheduler_is_refused(address: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        if address == "silent":
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError) as caught, _cluster(address):
            pass
    message = str(caught.value)
    assert message.startswith(f"--scheduler {address!r}: found {found}")
    assert "\n" not in message


def test_without_the_extra_one_line_says_how_to_get_it(
    run_python: Callable[..., subprocess.CompletedProcess[str]], site: Callable[..., Path]
) -> None:
    words = ("-m", "harness.cli", "matrix", "run", *FILTERS, "--quiet", "--scheduler", "tcp://127.0.0.1:1")
    done = run_python(*words, site=site("distributed"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: --scheduler: found no package `distributed`; expected the extra `cluster`. ")
    assert "pip install 'aiconfigurator-harness[cluster]'" in done.stderr


def test_workers_have_their_own_number() -> None:
    done = subprocess.run(_command("--scheduler", "x", "--jobs", "2"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: --scheduler and --jobs: found both; ")
