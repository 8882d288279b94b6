from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.records import SkipCheck
from harness.checks.rules.system_facts import (
    check_system_facts,
    check_system_not_slower,
    check_systems_have_files,
)
from harness.coordinates import Database
from harness.reference import roofline
from harness.subjects.models import SystemSpec

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


def sheet(system: str) -> SystemSpec:
    """A spec that says what the data sheet says."""
    facts = roofline.system(system)
    return SystemSpec(
        memory_bandwidth=facts.memory_bandwidth,
        memory_capacity=facts.memory_capacity,
        flops=facts.flops | facts.board_flops,
        link_bandwidth=facts.link_bandwidth,
        gpus_per_node=facts.gpus_per_node,
    )


class Sheets:
    """A subject that knows data sheets, and what a test changes in them."""

    def __init__(self, **changed: SystemSpec) -> None:
        self.changed = changed

    def system_spec(self, system: str) -> SystemSpec:
        return self.changed.get(system) or sheet(system)

    def system_names(self) -> tuple[str, ...]:
        return tuple(sorted(roofline.systems()))

    def databases(self) -> tuple[Database, ...]:
        return (Database("h100_sxm", "vllm", "1.0.0"), Database("z9", "vllm", "1.0.0"))


def about(system: str, **fields: object) -> list[str]:
    wrong = Sheets(**{system: replace(sheet(system), **fields)})  # type: ignore[arg-type]
    return [each.about for each in check_system_facts(wrong, system)]  # type: ignore[arg-type]


@pytest.mark.parametrize("system", sorted(roofline.systems()))
def test_data_sheets_are_right(system: str) -> None:
    assert about(system) == []


def test_sparse_arithmetic_is_found() -> None:
    flops = {name: value * 2 for name, value in sheet("h100_sxm").flops.items()}
    assert about("h100_sxm", flops=flops) == ["flops.bf16", "flops.fp8", "flops.int8"]


def test_arithmetic_above_an_upper_limit_is_found() -> None:
    flops = sheet("b300_sxm").flops
    assert about("b300_sxm", flops={**flops, "int8": 1.0}) == []
    assert about("b300_sxm", flops={**flops, "int8": 4.5e15}) == ["flops.int8"]


def test_both_directions_of_the_links_are_found() -> None:
    assert about("h200_sxm", link_bandwidth=900e9) == ["link_bandwidth"]


def test_decimal_gigabytes_are_found() -> None:
    assert about("h100_sxm", memory_capacity=80e9) == ["memory_capacity"]


def test_a_board_may_lack_its_bridge() -> None:
    assert about("h100_pcie", link_bandwidth=64e9) == []


def test_missing_figures_and_gpus_are_found() -> None:
    assert about("gb200", memory_bandwidth=None, gpus_per_node=8) == ["memory_bandwidth", "gpus_per_node"]


def test_a_slower_successor_is_found() -> None:
    wrong = Sheets(h200_sxm=replace(sheet("h200_sxm"), memory_bandwidth=3.0e12))
    found = list(check_system_not_slower(wrong, "h200_sxm"))  # type: ignore[arg-type]
    assert [each.about for each in found] == ["h100_sxm.memory_bandwidth"]
    assert not list(check_system_not_slower(Sheets(), "b200_sxm"))  # type: ignore[arg-type]


def test_a_gpu_without_predecessor_or_facts_is_skipped() -> None:
    with pytest.raises(SkipCheck, match="succeeds"):
        list(check_system_not_slower(Sheets(), "l4"))  # type: ignore[arg-type]
    with pytest.raises(SkipCheck, match="does not know z9"):
        list(check_system_facts(Sheets(), "z9"))  # type: ignore[arg-type]


def test_a_measured_system_without_a_file_is_found() -> None:
    found = list(check_systems_have_files(Sheets()))  # type: ignore[arg-type]
    assert [each.about for each in found] == ["z9"]


def test_the_installed_subject_has_a_file_for_every_measured_system(installed: ModelSubject) -> None:
    assert not list(check_systems_have_files(installed))
