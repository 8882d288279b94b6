"""Tables of release 0.12 that are built only where somebody looks into them.

The engine answers from its own tables. What the subject's Python side asks of them before it searches is which formats
and shapes a table has rows for. To find that out it builds the whole table as dictionaries, up to a million figures.
Here a table begins as an outline, the keys of its first levels; whoever goes deeper is given the table that the subject
builds. Outlines, and the engine's count of what each lane of an attention table holds, follow from the files of a
database alone, so that they can be kept for as long as those do not change.

Names with a leading underscore that this relies on, because the release offers no public way:
`engine_table_view._rehydrate`, `perf_database._finalize_loaded_value`, `PerfDatabase._materialize_source_reports`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiconfigurator_core.sdk import engine_table_view, perf_database

from harness.subjects.patching import replaced
from harness.subjects.quiet import captured

Outline: TypeAlias = "dict[str, Outline | None]"
"""Keys as the engine writes them; None below the last level that is outlined."""

Layers: TypeAlias = Sequence[Callable[[str], Any]]

_TABLE, _BUILD, _LANES = "fetch_table_view", "_rehydrate", "fetch_attention_lane_density"
_FREEZE, _REPORT = "_finalize_loaded_value", "_materialize_source_reports"
_LEAF = "latency"
"""Every entry with figures has this one."""

_LIMIT = 12_000
"""Keys of an outline. The tables of MoE kernels, which every search of a MoE model asks for its shape, fit in."""

_fetch_table = vars(engine_table_view)[_TABLE]
_fetch_lanes = vars(engine_table_view)[_LANES]
_build_table = vars(engine_table_view)[_BUILD]
_tell_sources = vars(perf_database.PerfDatabase)[_REPORT]


@dataclass(frozen=True, slots=True)
class Outlines:
    """What is known of the tables of one database. Whatever else is found out is added.

    Attributes:
        tables: Outline of each, by its name and whether it inherits rows; None for one that has no file.
        lanes: Slices and rows of each lane of a table, likewise and for each data mode.
    """

    tables: dict[str, Outline | None] = field(default_factory=dict)
    lanes: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def content(self) -> dict[str, object]:
        """All of it as a JSON document, of which an equal one can be made; not to be changed."""
        return {"tables": self.tables, "lanes": self.lanes}

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the subject's tables begin as outlines."""
        with (
            replaced(engine_table_view, _TABLE, self._table),
            replaced(engine_table_view, _LANES, self._lanes),
            replaced(perf_database.PerfDatabase, _REPORT, _report),
        ):
            yield

    def _table(self, database: Any, attribute: str) -> Table | None:  # noqa: ANN401 - the subject's own type
        key = _key(attribute, database.enable_shared_layer)
        if key not in self.tables:
            self.tables[key] = _look(database, attribute)
        outline = self.tables[key]
        if outline is None:
            return None
        build = functools.cache(lambda: vars(perf_database)[_FREEZE](_fetch_table(database, attribute)))
        return Table(build, outline, engine_table_view.VIEW_KEY_LAYERS[attribute])

    def _lanes(self, database: Any, attribute: str, *, shared_layer: bool | None = None) -> dict[str, tuple[int, int]]:  # noqa: ANN401
        key = _key(attribute, database.enable_shared_layer if shared_layer is None else shared_layer)
        key = f"{key}, {database.get_default_database_mode().name}"
        if key not in self.lanes:
            self.lanes[key] = _fetch_lanes(database, attribute, shared_layer=shared_layer)
        return {lane: (slices, rows) for lane, (slices, rows) in self.lanes[key].items()}


class Table(Mapping[Any, Any]):
    """A level of a table.

    Args:
        build: Makes the whole of this level.
        outline: Of this level; None for one that has keys, but only the whole tells which.
        layers: What the subject makes of the keys of this level and of those below.
    """

    def __init__(self, build: Callable[[], Mapping[Any, Any]], outline: Outline | None, layers: Layers) -> None:
        self._build, self._layers = build, layers
        self._outline = None if outline is None else {layers[0](name): below for name, below in outline.items()}

    def __getitem__(self, key: object) -> Any:  # noqa: ANN401 - a level or a figure
        if self._outline is None:
            return self._build()[key]
        return Table(lambda: self._build()[key], self._outline[key], self._layers[1:])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._build() if self._outline is None else self._outline)

    def __len__(self) -> int:
        return len(self._build() if self._outline is None else self._outline)

    def __contains__(self, key: object) -> bool:
        return key in (self._build() if self._outline is None else self._outline)

    def __bool__(self) -> bool:
        return self._outline is None or bool(self._outline)


def outline_of(table: dict[str, Any], limit: int = _LIMIT) -> Outline:
    """The keys of the first levels of a table, as many levels as have no more keys than the limit.

    The last level above the figures is never outlined, and an empty one always.
    """
    outline: Outline = {}
    levels = [(table, outline)]
    while levels:
        limit -= sum(len(level) for level, _ in levels)
        below = [
            (under, found, key)
            for level, found in levels
            for key, under in level.items()
            if _LEAF not in under and not any(map(_is_leaf, under.values()))
        ]
        for level, found in levels:
            found.update(dict.fromkeys(level))
        if sum(len(under) for under, _, _ in below) > limit:
            below = [entry for entry in below if not entry[0]]
        levels = []
        for under, found, key in below:
            kept: Outline = {}
            found[key] = kept
            levels.append((under, kept))
    return outline


def _is_leaf(value: object) -> bool:
    return isinstance(value, dict) and _LEAF in value


def _report(database: Any) -> None:  # noqa: ANN401
    # Whose rows it reads it logs before the first table that it builds, and so in the cell that happens to come first.
    with captured():
        _tell_sources(database)


def _key(attribute: str, inherits: object) -> str:
    return f"{attribute}, inherited rows too" if inherits else attribute


def _look(database: Any, attribute: str) -> Outline | None:  # noqa: ANN401
    seen: list[dict[str, Any]] = []

    def keep(table: dict[str, Any], layers: Layers, depth: int) -> None:
        del layers, depth
        seen.append(table)

    with replaced(engine_table_view, _BUILD, keep):
        _fetch_table(database, attribute)
    if not seen:
        return None
    _refuse_keys(seen[0], engine_table_view.VIEW_KEY_LAYERS[attribute])
    return outline_of(seen[0])


def _refuse_keys(table: dict[str, Any], layers: Layers) -> None:
    """Refuse a table as the subject does: for one key that it makes nothing of, however deep.

    Raises:
        Exception: Whatever the subject raises.
    """
    levels, depth = [table], 0
    try:
        while levels := [level for level in levels if _LEAF not in level]:
            for key in {key for level in levels for key in level}:
                layers[depth](key)
            levels = [below for level in levels for below in level.values()]
            depth += 1
    except Exception:
        _build_table(table, layers, 0)
        raise
