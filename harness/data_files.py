"""Where the harness keeps its data: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import DataFileError
from harness.files import read_bytes

_PACKAGE = Path(__file__).resolve().parent


class Record(BaseModel):
    """Base of everything read from a data file: strict types, no unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


RecordT = TypeVar("RecordT", bound=Record)


def data_path(*parts: str) -> Path:
    """Path of a data file or folder, such as `data_path("fixtures", "size_tiers.toml")`."""
    bundled = _PACKAGE / "_data"
    return (bundled if bundled.is_dir() else _PACKAGE.parent).joinpath(*parts)


def load_toml(path: Path, schema: type[RecordT]) -> RecordT:
    """Read a TOML data file into its schema.

    Raises:
        DataFileError: The file is missing, is not TOML, or a field has the wrong name or type.
    """
    try:
        document = tomllib.loads(read_bytes(path).decode())
    except OSError as error:
        raise DataFileError(str(path), error.strerror or str(error), "a readable TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError(str(path), str(error), "a TOML document") from error
    try:
        # Strict JSON validation takes a list for a tuple and a string for an enum, but no number for a string.
        return schema.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataFileError(f"{path}, field {field}", repr(first.get("input")), first["msg"]) from error
