from __future__ import annotations

import pytest

from harness import errors
from harness.errors import HarnessError

TYPES = sorted(
    (each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HarnessError)),
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("kind", TYPES)
def test_message_says_where_what_and_what_instead(kind: type[HarnessError]) -> None:
    error = kind("m.csv:3", "'passed'", "one of PASS, FAIL", "Mend it.")
    assert str(error) == "m.csv:3: found 'passed'; expected one of PASS, FAIL. Mend it."
    assert (error.where, error.found, error.expected, error.todo) == (
        "m.csv:3",
        "'passed'",
        "one of PASS, FAIL",
        "Mend it.",
    )


def test_message_without_advice_ends_after_what_was_expected() -> None:
    assert str(HarnessError("m.csv", "nothing", "rows")) == "m.csv: found nothing; expected rows."


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n", "\u2028"])
def test_message_is_one_line_whatever_was_found(newline: str) -> None:
    assert str(HarnessError(f"a{newline}b", f"c{newline}d", "e", f"f{newline}g")) == "a b: found c d; expected e. f g"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HarnessError", 2),
        ("UsageError", 2),
        ("FilterError", 2),
        ("MatrixFileError", 2),
        ("DataFileError", 2),
        ("OutputError", 2),
        ("SubjectError", 3),
    ],
)
def test_exit_code_says_whose_fault_it_is(name: str, code: int) -> None:
    assert getattr(errors, name).exit_code == code


def test_every_type_has_an_exit_code_of_its_own_or_the_one_for_input() -> None:
    assert {each.exit_code for each in TYPES} == {errors.EXIT_INPUT, errors.EXIT_SUBJECT}
    assert (errors.EXIT_OK, errors.EXIT_FINDINGS, errors.EXIT_INPUT, errors.EXIT_SUBJECT) == (0, 1, 2, 3)
