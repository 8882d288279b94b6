"""Findings of one check on several variants of a build: what is the same on all of them is reported once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.checks.records import Mismatch


def once(found: Mapping[str, Iterable[Mismatch]]) -> list[Mismatch]:
    """Join what was found on each variant.

    Args:
        found: Mismatches by the name of the variant, such as a phase, a backend or a layout.

    Returns:
        What all variants have alike as it is, and the rest with the variant's name before it (`vllm.head`).
    """
    by_variant = {
        variant: {mismatch.about: mismatch for mismatch in mismatches} for variant, mismatches in found.items()
    }
    result: dict[str, Mismatch] = {}
    for variant, mismatches in by_variant.items():
        for about, mismatch in mismatches.items():
            said = [_said(others.get(about)) for others in by_variant.values()]
            if len(set(said)) == 1:
                result.setdefault(about, mismatch)
            else:
                result[f"{variant}.{about}"] = replace(mismatch, about=f"{variant}.{about}")
    return list(result.values())


def _said(mismatch: Mismatch | None) -> tuple[str, str] | None:
    return (mismatch.expected, mismatch.actual) if mismatch else None
