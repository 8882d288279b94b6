"""Phase 5: what the subject believes of GPU systems, against their makers' data sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Mismatch, Scope, SkipCheck
from harness.checks.registry import check
from harness.reference import roofline
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.subjects.models import ModelSubject, SystemSpec

_TOLERANCE = 0.05
"""Data sheets round, and editions of one board differ by a few percent in clock or memory speed."""
_COMPARED = ("memory_bandwidth", "link_bandwidth", "flops.bf16", "flops.fp8", "flops.fp4")
"""What a successor has at least as much of; int8 units were cut back in later GPUs."""


@check("system_facts", phase=5, suite="system_facts", scope=Scope.SYSTEM, needs=[Capability.SYSTEMS])
def check_system_facts(subject: ModelSubject, system: str) -> Iterator[Mismatch]:
    """Bandwidth, capacity, dense arithmetic, links and GPUs per node are within 5 % of the data sheet."""
    facts = _facts(system)
    spec = subject.system_spec(system)
    said = _figures(spec)
    for name, (low, high) in _expected(facts).items():
        value = said.get(name)
        if value is None:
            yield Mismatch(name, _span(low, high), "nothing", facts.source)
        elif not low * (1 - _TOLERANCE) <= value <= high * (1 + _TOLERANCE):
            nearest = low if value < low else high
            yield Mismatch(name, _span(low, high), f"{value:.4g}", f"{value / nearest - 1:+.1%}; {facts.source}")
    for name in sorted(set(spec.flops) & set(facts.limits)):
        limit = facts.flops[name]
        if spec.flops[name] > limit * (1 + _TOLERANCE):
            yield Mismatch(f"flops.{name}", f"at most {limit:.4g}", f"{spec.flops[name]:.4g}", facts.source)
    if facts.gpus_per_node is not None and spec.gpus_per_node != facts.gpus_per_node:
        yield Mismatch("gpus_per_node", str(facts.gpus_per_node), str(spec.gpus_per_node), facts.source)


@check("system_not_slower", phase=5, suite="system_facts", scope=Scope.SYSTEM, needs=[Capability.SYSTEMS])
def check_system_not_slower(subject: ModelSubject, system: str) -> Iterator[Mismatch]:
    """A newer GPU of a line has no less bandwidth and arithmetic than the one before it."""
    facts = _facts(system)
    new = _figures(subject.system_spec(system))
    before = sorted(set(facts.succeeds) & set(subject.system_names()))
    if not before:
        raise SkipCheck(f"no system is known that {system} succeeds")
    for older in before:
        old = _figures(subject.system_spec(older))
        for name in _COMPARED:
            if name in old and new.get(name, 0.0) < old[name]:
                said = f"{new[name]:.4g}" if name in new else "nothing"
                yield Mismatch(f"{older}.{name}", f"at least {old[name]:.4g}", said, f"{system} succeeds {older}")


@check("systems_have_files", phase=5, suite="system_facts", scope=Scope.RELEASE, needs=[Capability.SYSTEMS])
def check_systems_have_files(subject: ModelSubject) -> Iterator[Mismatch]:
    """Every system that tables were measured on has a system file."""
    described = set(subject.system_names())
    for system in sorted({database.system for database in subject.databases()} - described):
        yield Mismatch(system, f"{system} among the system files", "not there", "it has measured tables")


def _facts(system: str) -> roofline.System:
    if system not in roofline.systems():
        raise SkipCheck(f"fixtures/gpu_facts.toml does not know {system}")
    return roofline.system(system)


def _expected(facts: roofline.System) -> dict[str, tuple[float, float]]:
    """Least and greatest right value of each figure."""
    flops = facts.flops | facts.board_flops
    return {
        "memory_bandwidth": (facts.memory_bandwidth, facts.memory_bandwidth),
        "memory_capacity": (facts.memory_capacity, facts.memory_sold or facts.memory_capacity),
        # A bridge joins two boards; the others of a server have PCIe, so that either describes it.
        "link_bandwidth": (facts.pcie_bandwidth or facts.link_bandwidth, facts.link_bandwidth),
    } | {f"flops.{name}": (value, value) for name, value in flops.items() if name not in facts.limits}


def _figures(spec: SystemSpec) -> dict[str, float]:
    figures = {
        "memory_bandwidth": spec.memory_bandwidth,
        "memory_capacity": spec.memory_capacity,
        "link_bandwidth": spec.link_bandwidth,
    } | {f"flops.{name}": value for name, value in spec.flops.items()}
    return {name: float(value) for name, value in figures.items() if value is not None}


def _span(low: float, high: float) -> str:
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
