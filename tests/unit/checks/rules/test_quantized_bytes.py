from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.rules.quantized_bytes import check_named_datatype, check_quantized_bytes
from tests.fakes.built_models import rebuilt, scaled

if TYPE_CHECKING:
    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject

NAME = "nvidia/Qwen3-235B-A22B-NVFP4"


def test_right_bits(installed: ModelSubject) -> None:
    right = rebuilt(installed, NAME, lambda _, built: built)
    assert not list(check_quantized_bytes(right, right.plan))


def test_scales_left_out(installed: ModelSubject) -> None:
    def change(request: BuildRequest, built: BuiltModel) -> BuiltModel:
        return scaled(built, "routed_experts", 8 / 9) if request.precision == "checkpoint" else built

    wrong = rebuilt(installed, NAME, change)
    (found,) = check_quantized_bytes(wrong, wrong.plan)
    assert (found.about, found.expected[:3], found.actual[:2]) == ("routed_experts.nvfp4_scales", "4.5", "4 ")


def test_a_wrong_structure_does_not_come_back(installed: ModelSubject) -> None:
    wrong = rebuilt(installed, NAME, lambda _, built: scaled(built, "routed_experts", 2))
    assert not list(check_quantized_bytes(wrong, wrong.plan))


def test_each_op_of_a_named_datatype_has_its_bits(installed: ModelSubject) -> None:
    """Blocks of Nemotron-NAS differ, and their ops have one name."""
    for name in (NAME, "nvidia/Llama-3_3-Nemotron-Super-49B-v1"):
        right = rebuilt(installed, name, lambda _, built: built)
        assert not list(check_named_datatype(right, right.plan))


def test_scales_of_a_named_datatype_left_out(installed: ModelSubject) -> None:
    def change(request: BuildRequest, built: BuiltModel) -> BuiltModel:
        return scaled(built, "routed_experts", 8 / 9) if request.precision == "nvfp4" else built

    wrong = rebuilt(installed, NAME, change)
    (found,) = check_named_datatype(wrong, wrong.plan)
    assert (found.about, found.expected[:3], found.actual[:2]) == ("moe.bits", "4.5", "4 ")
