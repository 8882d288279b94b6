"""One pair at a time: what a check may do, and what comes of it."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

import pytest

from harness.checks.engine import Examiner, TimeLimitError, pairs, time_limit
from harness.checks.records import Outcome, Scope, SkipCheck, Target
from harness.coordinates import Database
from harness.subjects.api import Capability
from tests.fakes.checks import MODEL, WRONG, SystemsSubject, fake_subject, made_up, pair
from tests.fakes.subjects import FakeSubject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.checks.records import Finding, Mismatch
    from harness.subjects.models import BuildRequest, ModelSubject

H100, H200 = Database("h100_sxm", "vllm", "1.0.0"), Database("h200_sxm", "vllm", "2.0.0")


def examined(run: Callable[..., object], time_limit_s: float = 60.0) -> tuple[Finding, ...]:
    return Examiner(fake_subject(), time_limit_s=time_limit_s).examine(pair(made_up(run)))


def test_pairs_follow_the_scope_and_keep_a_database_together() -> None:
    scopes = [made_up(lambda: (), scope.value, scope=scope) for scope in Scope]
    found = pairs(scopes, ["a/b", "c/d"], [H100, H200], ["h100_sxm"])
    assert [each.id for each in found] == [
        "check_model[a/b]",
        "check_model[c/d]",
        "check_estimate[a/b-h100_sxm/vllm/1.0.0]",
        "check_estimate[c/d-h100_sxm/vllm/1.0.0]",
        "check_estimate[a/b-h200_sxm/vllm/2.0.0]",
        "check_estimate[c/d-h200_sxm/vllm/2.0.0]",
        "check_system[h100_sxm]",
        "check_release[release]",
    ]


def test_nothing_found_is_a_pass_with_the_command_that_runs_it_alone() -> None:
    (found,) = examined(lambda *_: ())
    assert (found.outcome, found.subject, found.about) == (Outcome.PASS, "fake 1.0", "")
    assert found.reproduce == f"aic-harness check {MODEL} --check made_up"


def test_each_mismatch_is_a_failure() -> None:
    found = examined(lambda *_: (WRONG, WRONG))
    assert [each.outcome for each in found] == [Outcome.FAIL] * 2
    assert (found[0].about, found[0].expected, found[0].actual) == ("layers", "28", "29")
    assert (found[0].arithmetic, found[0].snippet) == ("num_hidden_layers = 28", "print(29)")


def _raise(error: BaseException) -> NoReturn:
    raise error


def _wrong_and_then(error: BaseException) -> Callable[..., Iterator[Mismatch]]:
    def run(*_: object) -> Iterator[Mismatch]:
        yield WRONG
        raise error

    return run


@pytest.mark.parametrize("error", [KeyError("window"), SystemExit(3), RecursionError("deep")])
def test_what_the_subject_raises_is_a_finding(error: BaseException) -> None:
    (found,) = examined(lambda *_: _raise(error))
    assert (found.outcome, found.about) == (Outcome.ERROR, type(error).__name__)
    assert found.actual == f"{type(error).__name__}: {error}"
    assert "test_engine.py" in found.arithmetic


def test_a_panic_of_compiled_code_is_a_finding() -> None:
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    (found,) = examined(lambda *_: _raise(panic("index out of bounds")))
    assert (found.outcome, found.about) == (Outcome.ERROR, "PanicException")


def test_ctrl_c_is_none() -> None:
    with pytest.raises(KeyboardInterrupt):
        examined(lambda *_: _raise(KeyboardInterrupt()))


def test_what_was_found_before_an_error_or_a_skip_is_kept() -> None:
    assert [each.outcome for each in examined(_wrong_and_then(KeyError("x")))] == [Outcome.FAIL, Outcome.ERROR]
    assert [each.outcome for each in examined(_wrong_and_then(SkipCheck("no")))] == [Outcome.FAIL, Outcome.SKIP]


def test_a_skip_says_why() -> None:
    (found,) = examined(lambda *_: _raise(SkipCheck("no such GPU")))
    assert (found.outcome, found.actual) == (Outcome.SKIP, "no such GPU")


def test_a_check_whose_capability_is_missing_is_skipped_before_it_runs() -> None:
    check = made_up(lambda *_: _raise(AssertionError()), needs=[Capability.BUILD, Capability.PARSE])
    subject = fake_subject(capabilities=frozenset({Capability.PARSE}))
    (found,) = Examiner(subject).examine(pair(check))
    assert (found.outcome, found.actual) == (Outcome.SKIP, "fake 1.0 cannot build")


@dataclass
class Older(FakeSubject):
    """A subject that knows one architecture and names one model."""

    knows: str = ""
    ships: str = ""

    def architectures(self) -> dict[str, str]:
        return {self.knows: "LLAMA"}

    def bundled_models(self) -> tuple[str, ...]:
        return (self.ships,)

    def default_models(self) -> frozenset[str]:
        return frozenset()


@pytest.mark.parametrize(
    ("knows", "ships", "expected"),
    [
        ("LlamaForCausalLM", "", "fake 1.0 does not support Qwen3ForCausalLM"),
        ("Qwen3ForCausalLM", "", ""),
        # A model that the release ships and does not map is a mistake of the release.
        ("LlamaForCausalLM", MODEL, ""),
    ],
)
def test_a_model_that_a_release_is_too_old_for_is_skipped(knows: str, ships: str, expected: str) -> None:
    subject = cast("ModelSubject", Older({}, knows=knows, ships=ships))
    check = made_up(lambda *_: (), needs=[Capability.BUILD])
    (found,) = Examiner(subject).examine(pair(check))
    assert (found.outcome, found.actual) == ((Outcome.SKIP, expected) if expected else (Outcome.PASS, ""))


def test_a_check_of_the_config_alone_runs_whatever_the_release_supports() -> None:
    subject = cast("ModelSubject", Older({}, knows="LlamaForCausalLM"))
    (found,) = Examiner(subject).examine(pair(made_up(lambda *_: ())))
    assert found.outcome is Outcome.PASS


@dataclass
class Picky(SystemsSubject):
    """Builds a model on some backends only."""

    builds: tuple[str, ...] = ()

    def architectures(self) -> dict[str, str]:
        return {"Qwen3ForCausalLM": "LLAMA"}

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        del config, quantization
        return "folder"

    def build(self, request: BuildRequest) -> None:
        if request.backend not in self.builds:
            raise TypeError(request.backend)


def _asked(run: Callable[..., object], *builds: str, needs: Iterable[Capability] = (Capability.BUILD,)) -> list[str]:
    subject = cast("ModelSubject", Picky({}, builds=builds))
    found = Examiner(subject).examine(pair(made_up(run, needs=needs)))
    return [f"{each.outcome.value}: {each.actual}" for each in found]


def test_a_model_that_is_built_nowhere_is_no_error_of_each_check() -> None:
    refused = "skip: the subject builds it on no backend: tp1: TypeError: trtllm"
    assert _asked(lambda *_: _raise(KeyError("window"))) == [refused]
    assert _asked(_wrong_and_then(KeyError("window"))) == ["fail: 29", refused]


def test_a_check_that_raises_is_one_where_the_model_is_built_or_not_asked_for() -> None:
    assert _asked(lambda *_: _raise(KeyError("window")), "vllm") == ["error: KeyError: 'window'"]
    assert _asked(lambda *_: _raise(KeyError("window")), needs=()) == ["error: KeyError: 'window'"]
    assert _asked(lambda *_: _raise(SkipCheck("no such GPU"))) == ["skip: no such GPU"]


def test_a_config_that_cannot_be_read_is_told_in_its_own_words(tmp_path: Path) -> None:
    (found,) = Examiner(fake_subject(), tmp_path).examine(pair(made_up(lambda *_: ())))
    assert (found.outcome, found.about, found.arithmetic) == (Outcome.ERROR, "ConfigError", "")
    assert found.actual.startswith(f"'{MODEL}': found no such path and no stored config")
    assert found.reproduce.endswith(f"--config-dir {tmp_path}")


def test_systems_and_the_release_are_asked_directly_and_databases_are_given_back() -> None:
    subject = fake_subject()
    examiner = Examiner(subject)
    seen: list[object] = []

    def note(*given: object) -> tuple[Mismatch, ...]:
        seen.append(given[-1])
        return ()

    examiner.examine(pair(made_up(note, scope=Scope.RELEASE), Target()))
    examiner.examine(pair(made_up(note, scope=Scope.SYSTEM), Target(system="b60")))
    assert seen == [subject, "b60"]
    estimate = made_up(note, scope=Scope.ESTIMATE)
    for database in (H100, H100, H200):
        (found,) = examiner.examine(pair(estimate, Target(MODEL, database)))
        assert found.outcome is Outcome.PASS
    assert found.reproduce.endswith("--check made_up --system h200_sxm --backend vllm --version 2.0.0")
    assert seen[2:] == [H100, H100, H200]
    released = subject.released  # type: ignore[attr-defined] # the fake keeps what it gave back
    assert released == [H100]
    examiner.close()
    assert released == [H100, H200]


# Time limit


def _busy(*_: object) -> NoReturn:
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001, S112 - a subject that swallows whatever it can
            continue


@pytest.mark.parametrize("run", [lambda *_: time.sleep(30), _busy], ids=["sleeps", "is busy"])
def test_a_subject_that_hangs_is_cut_off(run: Callable[..., object]) -> None:
    started = time.monotonic()
    (found,) = examined(run, time_limit_s=0.2)
    assert time.monotonic() - started < 5
    assert (found.outcome, found.about, found.actual) == (Outcome.ERROR, "timeout", "no answer in 0.2 s")


class _OuterError(Exception):
    pass


@pytest.fixture
def outer_timer() -> Iterator[Callable[[float], None]]:
    """A timer of somebody else, such as pytest-timeout's."""
    handler, timer = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0)

    def start(seconds: float) -> None:
        signal.signal(signal.SIGALRM, lambda *_: _raise(_OuterError()))
        signal.setitimer(signal.ITIMER_REAL, seconds)

    yield start
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *timer)


def test_a_longer_timer_goes_on_with_what_is_left(outer_timer: Callable[[float], None]) -> None:
    outer_timer(20)
    with pytest.raises(TimeLimitError), time_limit(0.2):
        time.sleep(5)
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert 15 < left < 19.9
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with pytest.raises(_OuterError):
        time.sleep(5)


def test_a_shorter_timer_holds(outer_timer: Callable[[float], None]) -> None:
    outer_timer(0.1)
    with pytest.raises(_OuterError), time_limit(30):
        time.sleep(5)


def test_no_timer_is_left_behind(outer_timer: Callable[[float], None]) -> None:
    del outer_timer
    with time_limit(5):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_trace_names_no_place_of_this_machine() -> None:
    (found,) = Examiner(fake_subject()).examine(pair(made_up(lambda *_: _raise(KeyError("window")))))
    assert 'File "harness/checks/engine.py"' in found.arithmetic
    assert 'File "/' not in found.arithmetic
