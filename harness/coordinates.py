"""Words of the support matrix: its coordinates (model x system x backend x version x mode) and its statuses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How requests are served: by one pool of workers, or by separate prefill and decode pools."""

    AGG = "agg"
    DISAGG = "disagg"


class Status(StrEnum):
    """Upstream's five answers to "does this release support the cell?"."""

    PASS = "PASS"  # noqa: S105 - a status, not a password
    HYBRID_PASS = "HYBRID_PASS"  # noqa: S105
    FAIL = "FAIL"
    FRAMEWORK_INCOMPATIBLE = "FRAMEWORK_INCOMPATIBLE"
    HW_INCOMPATIBLE = "HW_INCOMPATIBLE"

    @property
    def rank(self) -> int:
        """0 for the best answer. The two kinds of incompatibility and FAIL are equally unsupported."""
        return _RANK[self]


_RANK = {
    Status.PASS: 0,
    Status.HYBRID_PASS: 1,
    Status.FAIL: 2,
    Status.FRAMEWORK_INCOMPATIBLE: 2,
    Status.HW_INCOMPATIBLE: 2,
}


@dataclass(frozen=True, slots=True, order=True)
class Database:
    """One measured set of perf tables: a GPU system, a serving backend, the backend's version."""

    system: str
    backend: str
    version: str

    def __str__(self) -> str:
        return f"{self.system}/{self.backend}/{self.version}"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One question of the matrix: does the subject support this model, served this way, on this database?"""

    model: str
    system: str
    backend: str
    version: str
    mode: Mode

    @property
    def database(self) -> Database:
        """The perf tables that this cell is priced from."""
        return Database(self.system, self.backend, self.version)

    def __str__(self) -> str:
        return f"{self.model} on {self.database} {self.mode}"
