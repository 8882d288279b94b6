"""Write the figures so that the same answers give the same bytes, and show what changed when they do not."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.oracle.records import Oracle, OracleModel

_ABSENT = "(absent)"


def frozen(oracle: Oracle) -> str:
    """The fixture's text: sorted, one field a line, without what is empty."""
    document = oracle.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody ever reads half of it.

    Raises:
        OutputError: The file cannot be written there.
    """
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, delete=False) as stream:
            stream.write(text)
        Path(stream.name).replace(path)
        mask = os.umask(0)
        os.umask(mask)
        path.chmod(0o666 & ~mask)
    except OSError as error:
        with contextlib.suppress(OSError, NameError):
            Path(stream.name).unlink(missing_ok=True)
        raise OutputError(str(path), error.strerror or str(error), "a file that can be written") from error


def differences(old: Oracle, new: Oracle) -> Iterator[str]:
    """Yield one line for each figure that changed, named by model and field; a new library version is one line."""
    versions: Counter[tuple[str, str]] = Counter()
    for model in sorted(old.models.keys() | new.models.keys()):
        before, after = old.models.get(model), new.models.get(model)
        if before is None:
            yield f"{model}: new"
        elif after is None:
            yield f"{model}: gone"
        else:
            if before.transformers != after.transformers:
                versions[before.transformers or _ABSENT, after.transformers or _ABSENT] += 1
            yield from _model_differences(model, before, after)
    for (old_version, new_version), models in sorted(versions.items()):
        yield f"transformers: {old_version} -> {new_version} for {models} models"


def _model_differences(model: str, before: OracleModel, after: OracleModel) -> Iterator[str]:
    old, new = _flat(before), _flat(after)
    for name in sorted((old.keys() | new.keys()) - {"transformers"}):
        was, now = old.get(name), new.get(name)
        if was != now:
            by = f" ({now - was:+,})" if isinstance(was, int) and isinstance(now, int) else ""
            yield f"{model}: {name}: {_text(was)} -> {_text(now)}{by}"


def _flat(model: OracleModel) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in model.model_dump(mode="json", exclude_defaults=True).items():
        if isinstance(value, dict):
            result |= {f"{name}.{key}": item for key, item in value.items()}
        elif isinstance(value, list):
            result[name] = ", ".join(map(str, value))
        else:
            result[name] = value
    return result


def _text(value: object) -> str:
    return _ABSENT if value is None else str(value)
