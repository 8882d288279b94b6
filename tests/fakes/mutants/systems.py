"""Mutants of what is known of GPU systems."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import SystemSpec
    from tests.fakes.mutants.answering import Answers


def _spec(change: Callable[[SystemSpec], SystemSpec]) -> Answers:
    return {"system_spec": lambda spec, _: change(spec)}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


_BRIDGED = ("a100_pcie", "a30", "h100_pcie")
_NEW = ("b200", "gb200")

MUTANTS = (
    Mutant(
        id="system-sparse-flops",
        mistake="The data sheet's figures with sparsity are taken for dense ones.",
        check="system_facts",
        answers=_spec(lambda spec: replace(spec, flops={name: 2 * value for name, value in spec.flops.items()})),
    ),
    Mutant(
        id="system-links-both-ways",
        mistake="The bandwidth of the links is that of both directions together.",
        check="system_facts",
        answers=_spec(lambda spec: replace(spec, link_bandwidth=_times(spec.link_bandwidth, 2))),
        besides=dict.fromkeys(_BRIDGED, "it has PCIe or a bridge, and twice the slower one lies between the two"),
    ),
    Mutant(
        id="system-bandwidth-in-bits",
        mistake="Memory bandwidth is given in bits per second.",
        check="system_facts",
        answers=_spec(lambda spec: replace(spec, memory_bandwidth=_times(spec.memory_bandwidth, 8))),
    ),
    Mutant(
        id="system-half-memory",
        mistake="The capacity is that of the smaller edition of the board.",
        check="system_facts",
        answers=_spec(lambda spec: replace(spec, memory_capacity=_times(spec.memory_capacity, 0.5))),
    ),
    Mutant(
        id="system-slower-than-before",
        mistake="The file of a new GPU was begun from a much older one and never finished.",
        check="system_not_slower",
        answers={
            "system_spec": lambda spec, system: (
                replace(spec, memory_bandwidth=_times(spec.memory_bandwidth, 0.1)) if system.startswith(_NEW) else spec
            )
        },
        systems=frozenset({"b200_sxm", "gb200"}),
    ),
    Mutant(
        id="system-without-file",
        mistake="Tables were added for a system whose file is missing.",
        check="systems_have_files",
        answers={"system_names": lambda names: tuple(name for name in names if name != "h200_sxm")},
    ),
)
