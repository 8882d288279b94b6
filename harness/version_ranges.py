"""Ranges of versions in data files, as PEP 440 writes them."""

from __future__ import annotations

import functools
from typing import Annotated

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import AfterValidator


def _is_range(value: str) -> str:
    try:
        SpecifierSet(value)
    except InvalidSpecifier as error:
        raise ValueError(f"a PEP 440 range such as '>=0.8,<0.13' ({error})") from error
    return value


Range = Annotated[str, AfterValidator(_is_range)]
"""Such as `>=0.8,<0.13`; an empty one holds every version."""


def holds(range_: str, version: str) -> bool:
    """Whether a version lies in a range; a pre-release lies where it sorts."""
    return _parsed(range_).contains(version, prereleases=True)


@functools.cache
def _parsed(range_: str) -> SpecifierSet:
    return SpecifierSet(range_)
