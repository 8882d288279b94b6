"""The pytest door, run on the suite of tests/conformance/ itself and on the real package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.matrix.store import read_matrix, write_matrix
from harness.matrix.table import Matrix, Row

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SUITE = Path(__file__).parents[1] / "conformance" / "test_support_matrix.py"

# A model that fits on a small GPU, and one whose FP4 the GPU does not have.
FITS, LACKS = "Qwen/Qwen3-0.6B", "nvidia/Qwen3-235B-A22B-NVFP4"
FITS_AGG, FITS_DISAGG = (Cell(FITS, "b60", "vllm", "0.26.0", mode) for mode in Mode)
LACKS_AGG, LACKS_DISAGG = (Cell(LACKS, "b60", "vllm", "0.26.0", mode) for mode in Mode)
ELSEWHERE = Cell("other/model", "other_gpu", "vllm", "0.1", Mode.AGG)
DATABASE = ("--system", "b60", "--backend-version", "0.26.0")
REPRODUCE = "--system b60 --backend vllm --version 0.26.0 --mode agg -v"


def matrix(path: Path, statuses: dict[Cell, Status]) -> Path:
    rows = [
        Row(cell.model, "Old", cell.system, cell.backend, cell.version, cell.mode, status, "", "", source)
        for cell, status in statuses.items()
        for source in ["silicon" if status is Status.PASS else ""]
    ]
    write_matrix(Matrix.from_rows(rows), path)
    return path


WITNESS = """
from pathlib import Path

def pytest_sessionfinish(session):
    if session.config.pluginmanager.has_plugin("aic-harness-matrix"):
        with Path("writers.txt").open("a") as stream:
            stream.write("worker\\n" if hasattr(session.config, "workerinput") else "controller\\n")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run the suite on two models of one database, against a matrix that is wrong about three of its four cells."""
    pytester.makepyfile(test_matrix=SUITE.read_text())
    pytester.makeconftest(WITNESS)
    recorded = {
        FITS_AGG: Status.FAIL,
        LACKS_AGG: Status.PASS,
        LACKS_DISAGG: Status.HW_INCOMPATIBLE,
        ELSEWHERE: Status.PASS,
    }
    path = matrix(pytester.path / "recorded.csv", recorded)
    return lambda *options: pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--recorded-matrix", path, *DATABASE, "--model", FITS, "--model", LACKS, *options
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "under xdist"])
def test_worse_fails_better_and_new_are_remarked_and_all_is_written(
    suite: Callable[..., pytest.RunResult], pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    target = matrix(pytester.path / "new.csv", {LACKS_AGG: Status.PASS, ELSEWHERE: Status.PASS})
    kept = [line for line in target.read_text().splitlines() if line.startswith("other/model")]
    result = suite("--write-matrix", target, *workers)

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"recorded PASS, found HW_INCOMPATIBLE: b60 lacks FP4, which {LACKS} needs",
            f"reproduce: aic-harness matrix run --model {LACKS} {REPRODUCE}",
        ]
    )
    output = result.stdout.str()
    assert "Traceback" not in output
    remarks = output.partition(" support matrix ==")[2].partition("== short test summary")[0].splitlines()[1:]
    assert [line.partition("::test_status_is_not_worse_than_recorded")[2] for line in remarks[:2]] == [
        f"[{FITS}-b60/vllm/0.26.0-agg]: recorded FAIL, now PASS",
        f"[{FITS}-b60/vllm/0.26.0-disagg]: not recorded yet, now PASS",
    ]
    assert remarks[2:3] == [f"4 verdicts written to {target}"]

    assert (pytester.path / "writers.txt").read_text() == "controller\n"
    written = read_matrix(target)
    assert written.statuses == {
        FITS_AGG: Status.PASS,
        FITS_DISAGG: Status.PASS,
        LACKS_AGG: Status.HW_INCOMPATIBLE,
        LACKS_DISAGG: Status.HW_INCOMPATIBLE,
        ELSEWHERE: Status.PASS,
    }
    assert [line for line in target.read_text().splitlines() if line.startswith("other/model")] == kept
    assert {row.architecture for row in written.rows if row.cell != ELSEWHERE} == {
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
    }


def test_run_that_judges_nothing_leaves_the_matrix_as_it_is(
    suite: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    target = matrix(pytester.path / "new.csv", {ELSEWHERE: Status.PASS})
    before = target.read_bytes()
    result = suite("--write-matrix", target, "-k", "no_such_test")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines([f"no cell was judged: {target} is left as it is"])
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mode", "both"), "--mode: found 'both', which matches nothing; expected * agg, disagg."),
        (("--subject-path", "gone"), "--subject-path: found gone; expected a folder *"),
    ],
)
def test_wrong_filter_and_missing_subject_are_told_without_a_traceback(
    suite: Callable[..., pytest.RunResult], options: tuple[str, ...], message: str
) -> None:
    result = suite(*options)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*ERROR collecting test_matrix.py*", message])
    result.stdout.no_fnmatch_line("*Error: *")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad.csv", "bad.csv:1: found 'no matrix' as column 1; expected *"),
        ("folder", "folder: found a folder; expected the name of a file to write."),
    ],
)
def test_target_that_is_no_matrix_is_refused_before_anything_is_judged(
    suite: Callable[..., pytest.RunResult], pytester: pytest.Pytester, name: str, message: str
) -> None:
    (pytester.path / "folder").mkdir()
    bad = pytester.path / "bad.csv"
    bad.write_text("no matrix\n")
    result = suite("--write-matrix", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    result.stdout.no_fnmatch_line("*collected*")
    assert bad.read_text() == "no matrix\n"


def test_other_suites_do_not_load_the_subject(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_python("-X", "importtime", "-c", "import harness.pytest_plugin")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"pytest", "harness"} <= loaded
    assert loaded & {"aiconfigurator", "aiconfigurator_core", "numpy", "pandas", "pyarrow", "pydantic", "rich"} == set()


def test_options_of_the_matrix_are_in_the_help(pytester: pytest.Pytester) -> None:
    result = pytester.run(sys.executable, "-m", "pytest", "--help")
    assert result.ret == 0
    shown = " ".join(result.stdout.str().split())
    for option in ("--full-matrix", "--write-matrix=PATH", "--recorded-matrix=PATH", "--backend-version=GLOB"):
        assert option in shown
