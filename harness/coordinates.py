"""Coordinates of the support matrix: model x system x backend x version x mode."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How requests are served: by one pool of workers, or by separate prefill and decode pools."""

    AGG = "agg"
    DISAGG = "disagg"


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
