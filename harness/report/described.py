"""Models and tables of the subject, as the page has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.report.columns import number, places
from harness.report.payload import Coverage, DatabaseCoverage, Model, OpTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from harness.report.names import Names
    from harness.results.model_records import Description
    from harness.results.models_file import ModelsFile

_EXACT = frozenset({"total", "active", "outside", "components", "weight_bytes", "cache"})
"""Fields of a description whose figures are compared with each other."""


def models(names: Names, architectures: Mapping[str, str], file: ModelsFile | None) -> tuple[Model, ...]:
    """Every model.

    Args:
        names: Lists that rows point into.
        architectures: Architecture of each model that a matrix speaks of.
        file: Descriptions, if there are any.
    """
    known = file.models if file else {}
    moved = [names.database[database] for database in file.databases] if file else []
    return tuple(
        Model(model, architectures.get(model, ""), _moved(known[model], moved) if model in known else None)
        for model in names.models
    )


def _moved(description: Description, places: Sequence[int]) -> Description:
    """The description, with the places of databases in the page's list."""
    needs = tuple(
        need.model_copy(update={"databases": tuple(sorted(places[place] for place in need.databases))})
        for need in description.needs
    )
    breakdown = description.breakdown
    if breakdown is not None:
        breakdown = breakdown.model_copy(update={"database": places[breakdown.database]})
    return description.model_copy(update={"needs": needs, "breakdown": breakdown})


def description_document(description: BaseModel) -> dict[str, Any]:
    """A description as JSON has it, with no more digits than are shown."""
    document: dict[str, Any] = description.model_dump(mode="json")
    return {name: value if name in _EXACT else _short(value) for name, value in document.items()}


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, list) else value


def coverage(file: ModelsFile | None, names: Names) -> Coverage | None:
    """Whose rows each table of each database holds; None where nobody recorded it."""
    if file is None or not file.tables:
        return None
    listed = sorted({(table.family, table.name) for table in file.tables})
    of_table = places(listed)
    own: dict[int, list[int]] = {}
    inherited: dict[int, list[tuple[int, str]]] = {}
    for table in file.tables:
        database, place = names.database[table.database], of_table[table.family, table.name]
        if table.source:
            inherited.setdefault(database, []).append((place, table.source))
        else:
            own.setdefault(database, []).append(place)
    return Coverage(
        tuple(OpTable(name, family) for family, name in listed),
        tuple(
            DatabaseCoverage(place, tuple(sorted(own.get(place, ()))), tuple(sorted(inherited.get(place, ()))))
            for place in sorted({*own, *inherited})
        ),
    )
