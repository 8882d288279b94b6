"""Which judge this is: digest of the code and of the rules that a verdict comes out of."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from harness.data_files import data_path

RULES = ("hardware_rules.toml", "known_gaps.toml", "releases.toml", "size_tiers.toml", "successor_releases.toml")
"""Data files that a verdict depends on."""

_PACKAGE = Path(__file__).resolve().parents[1]
CODE = (
    *(f"matrix/{name}.py" for name in ("gaps", "hardware", "judge", "notes", "records", "requests", "run", "search")),
    "coordinates.py",
    "data_files.py",
    "errors.py",
    "files.py",
    "subjects",
    "version_ranges.py",
)
"""Files and folders of the package that a verdict depends on."""


@functools.cache
def judge_version() -> str:
    """Digest of the judge, as it was when it was first asked for."""
    return judge_as_it_is()


def judge_as_it_is() -> str:
    """Digest of the judge by its files now, from which every new process loads it."""
    found = hashlib.sha256()
    for path in _files():
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _files() -> list[Path]:
    code = [_PACKAGE / name for name in CODE]
    rules = [data_path("fixtures", name) for name in RULES]
    return [path for entry in (*code, *rules) for path in (sorted(entry.glob("*.py")) if entry.is_dir() else [entry])]
