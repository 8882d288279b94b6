"""The pytest door of the checks, as another repository uses it: three lines, and configs of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from harness.data_files import data_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = """
import pytest

pytestmark = pytest.mark.conformance("{suite}")


def test_conforms(conformance_pair):
    conformance_pair.judge()
"""
STORED = {"Own/Dense": "Qwen--Qwen3-8B", "Own/Gemma": "nvidia--Gemma-4-31B-IT-NVFP4"}
ENTRY = """
[[known_issues]]
id = "{id}"
check = "is_moe"
models = ["{model}"]
subjects = ">=0"
kind = "bug"
reason = "0 of 60 layers are a mixture of experts"
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run the suite on a folder with a config that passes and one that does not."""
    pytester.makepyfile(test_moe=SUITE.format(suite="moe_detection"))
    folder = pytester.mkdir("configs")
    for model, stored in STORED.items():
        name = model.replace("/", "--")
        shutil.copy(data_path("model_configs", f"{stored}_config.json"), folder / f"{name}_config.json")
    return lambda *options: pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--strict-markers", "-rA", "--config-dir", folder, "--check", "is_moe", *options
    )


def known(path: Path, *entries: tuple[str, str]) -> Path:
    path.write_text("".join(ENTRY.format(id=name, model=model) for name, model in entries))
    return path


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "under xdist"])
def test_one_test_for_each_pair_and_the_failure_says_all(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    result = run("--known-issues", known(pytester.path / "k.toml"), *workers)
    result.assert_outcomes(passed=1, failed=1)
    output = result.stdout.str()
    assert "test_moe.py::test_conforms[check_is_moe[Own/Dense]]" in output
    for text in (
        "FAIL check_is_moe[Own/Gemma] is_moe",
        "expected   False",
        "arithmetic 0 of 60 layers",
        "reproduce  aic-",
    ):
        assert text in output
    assert "Traceback" not in output
    assert "conformance_pair.judge()" not in output


def test_what_is_known_is_an_expected_failure_and_what_is_stale_fails(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    path = known(pytester.path / "k.toml", ("moe", "Own/Gemma"))
    result = run("--known-issues", path)
    result.assert_outcomes(passed=1, xfailed=1)
    assert "known issue moe" in result.stdout.str()
    known(path, ("moe", "Own/Gemma"), ("old", "Own/Dense"))
    result = run("--known-issues", path)
    result.assert_outcomes(failed=1, xfailed=1)
    assert "STALE check_is_moe[Own/Dense] known issue old" in result.stdout.str()


def test_filters_choose_by_id_and_glob(run: Callable[..., pytest.RunResult]) -> None:
    run("--model", "Own/D*").assert_outcomes(passed=1)
    run("-k", "check_is_moe[Own/Dense]").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "Gone/*"), "model: found 'Gone/[*]', which matches nothing; expected * Own/Dense, Own/Gemma."),
        (("--check", "gone"), "--check: found 'gone', which matches nothing; *"),
        (("--known-issues", "gone.toml"), "gone.toml: found No such file or directory; *"),
        (("--subject-path", "gone"), "--subject-path: found gone; expected a folder *"),
    ],
)
def test_bad_options_are_told_without_a_traceback(
    run: Callable[..., pytest.RunResult], options: tuple[str, ...], message: str
) -> None:
    result = run(*options)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Error: *")


def test_a_module_without_a_suite_and_one_of_no_suite_are_refused(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_moe=SUITE.format(suite="gone"))
    run().stdout.fnmatch_lines(["pytest.mark.conformance: found 'gone'; expected a suite of checks: *"])
    pytester.makepyfile(test_moe="def test_conforms(conformance_pair): ...")
    run().stdout.fnmatch_lines(["a test that takes conformance_pair must be marked with its suite: *"])


def test_a_run_in_which_nothing_is_left_to_judge_is_an_error(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_moe=SUITE.format(suite="families"))
    result = run()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["error: the options leave nothing to judge of any suite that was collected"])
