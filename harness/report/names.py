"""Lists that rows of several tables point into: models and databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.estimating import age
from harness.matrix.table import system_sort_key
from harness.report.columns import places
from harness.report.payload import Database as Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.coordinates import Database


@dataclass(frozen=True, slots=True)
class Names:
    """The lists, and the place of each of their items.

    Attributes:
        models: HuggingFace ids, sorted.
        databases: In product order of systems, then by backend, newest version first.
        model, database: Place of each.
    """

    models: tuple[str, ...]
    databases: tuple[Database, ...]
    model: Mapping[str, int]
    database: Mapping[Database, int]

    @classmethod
    def of(cls, models: Iterable[str], databases: Iterable[Database]) -> Names:
        """The lists of what results speak of."""
        ids = tuple(sorted(set(models) - {""}))
        newest_first = sorted(set(databases), key=lambda each: age(each.version), reverse=True)
        listed = tuple(sorted(newest_first, key=lambda each: (system_sort_key(each.system), each.system, each.backend)))
        return cls(ids, listed, places(ids), places(listed))

    def listed(self) -> tuple[Listed, ...]:
        """The databases as the page has them."""
        newest = {(each.system, each.backend): each for each in reversed(self.databases)}
        return tuple(
            Listed(each.system, each.backend, each.version, newest=newest[each.system, each.backend] == each)
            for each in self.databases
        )
