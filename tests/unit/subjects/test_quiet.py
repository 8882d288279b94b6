from __future__ import annotations

import logging
import sys
import warnings

import pytest

from harness.subjects.quiet import captured

LIMIT = 64 * 1024


class BoomError(Exception):
    pass


def say_everything() -> None:
    sys.stdout.write("to stdout\n")
    sys.stderr.write("to stderr\n")
    logging.getLogger("subject.part").warning("a warning record")
    warnings.warn("a warning", UserWarning, stacklevel=1)


def test_everything_said_is_kept_and_nothing_gets_out(capfd: pytest.CaptureFixture[str]) -> None:
    with captured() as capture:
        say_everything()
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    lines = capture.text.splitlines()
    assert lines[:3] == ["to stdout", "to stderr", "WARNING subject.part: a warning record"]
    assert "UserWarning: a warning" in lines[3]


@pytest.mark.parametrize("action", ["error", "ignore", "always"])
def test_warnings_are_kept_and_never_raised_whatever_the_filters_of_the_run(action: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(action)  # type: ignore[arg-type]
        with captured() as capture:
            warnings.warn("first", UserWarning, stacklevel=1)
            warnings.warn("second", RuntimeWarning, stacklevel=1)
    assert "first" in capture.text
    assert "second" in capture.text


def test_deprecations_of_the_subject_are_dropped() -> None:
    with captured() as capture:
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capture.text == ""


def test_records_below_a_warning_are_dropped_even_where_the_run_logs_them() -> None:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with captured() as capture:
            logging.getLogger("subject").info("chatter")
            logging.getLogger("subject").error("trouble")
        assert root.level == logging.DEBUG
    finally:
        root.setLevel(level)
    assert capture.text == "ERROR subject: trouble\n"


def test_streams_logging_and_warnings_are_as_before_also_after_an_exception() -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        return (
            sys.stdout,
            sys.stderr,
            list(root.handlers),
            root.level,
            list(warnings.filters),
            warnings.showwarning,
        )

    def fail(before: tuple[object, ...]) -> None:
        with captured():
            assert state()[0] is not before[0]
            raise BoomError

    before = state()
    with pytest.raises(BoomError):
        fail(before)
    assert state() == before


def test_inner_capture_takes_its_part_and_the_outer_goes_on() -> None:
    with captured() as outer:
        sys.stdout.write("a")
        with captured() as inner:
            say_everything()
        sys.stdout.write("b")
    assert outer.text == "ab"
    assert inner.text.startswith("to stdout\n")


def test_flood_is_cut_off_and_the_writer_does_not_notice() -> None:
    with captured() as capture:
        assert sys.stdout.write("x" * (LIMIT - 1)) == LIMIT - 1
        assert sys.stdout.write("yz") == 2
        assert sys.stdout.write("more") == 4
        sys.stdout.flush()
    assert len(capture.text) == LIMIT
    assert capture.text.endswith("xy")
