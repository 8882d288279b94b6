"""What files of results have alike in their lines, read strictly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.errors import ResultsError
from harness.matrix.table import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.data_files import RecordT
    from harness.results.stream import Header

_VERSIONS = ("harness", "subject", "data", "python")


def refuse_unversioned(header: Header, name: str) -> None:
    """Refuse a file that does not say what it was made with.

    Args:
        header: Its first line.
        name: What errors call the file.

    Raises:
        ResultsError: A version is missing or no text.
    """
    for version in _VERSIONS:
        if not isinstance(header.versions.get(version), str):
            found = shown(repr(header.versions.get(version)))
            raise ResultsError(f"{name}:1, field versions.{version}", found, "a version")


def validated(schema: type[RecordT], content: Mapping[str, object], where: str) -> RecordT:
    """Part of a line, by its schema.

    Raises:
        ResultsError: It does not follow it.
    """
    try:
        # As in `load_toml`: JSON, because it has no tuples, so a list is taken for one.
        return schema.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        found = "nothing" if first["type"] == "missing" else shown(repr(first["input"]))
        raise ResultsError(f"{where}.{field}", found, first["msg"]) from error
