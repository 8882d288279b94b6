"""What can go wrong that a person can mend: one exception type for each, and the exit code it ends with."""

from __future__ import annotations

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_INPUT = 2
EXIT_SUBJECT = 3


class HarnessError(Exception):
    """An error whose message alone, one line, tells the user what to mend.

    Args:
        where: The file, option or field in which it was found.
        found: What stands there.
        expected: What should stand there.
        todo: What to do about it; left out where `expected` says it already.
    """

    exit_code = EXIT_INPUT

    def __init__(self, where: str, found: str, expected: str, todo: str = "") -> None:
        self.where, self.found, self.expected, self.todo = where, found, expected, todo
        tail = f" {todo}" if todo else ""
        message = f"{where}: found {found}; expected {expected}.{tail}"
        super().__init__(" ".join(line for line in message.splitlines() if line))


class UsageError(HarnessError):
    """The command was called with options that cannot be carried out."""


class FilterError(HarnessError):
    """A filter on a coordinate of the matrix matches nothing that exists."""


class MatrixFileError(HarnessError):
    """A support-matrix file cannot be read as one."""


class ConfigError(HarnessError):
    """A model config cannot be read, or a field in it does not hold what its architecture needs."""


class DataFileError(HarnessError):
    """A data file of the harness (rules, tiers, known gaps) does not follow its schema."""


class ResultsError(HarnessError):
    """Results of a run cannot be read, merged or compared."""


class OutputError(HarnessError):
    """A result cannot be written where the user asked for it."""


class ClusterError(HarnessError):
    """The cluster that is to do the work cannot be reached, or one of its workers is not like this machine."""


class SurroundingsError(BaseException):
    """The machine lacks what all work needs. No `Exception`, so that it never passes for an answer of the subject.

    Args:
        where: What it lacks.
        found: What is there instead.
        expected: What is needed.
        todo: What to do about it.
    """

    exit_code = EXIT_INPUT

    def __init__(self, where: str, found: str, expected: str, todo: str) -> None:
        super().__init__(str(HarnessError(where, found, expected, todo)))


class SubjectError(HarnessError):
    """The subject cannot be loaded: not installed, only half of it, or of a generation without an adapter."""

    exit_code = EXIT_SUBJECT
