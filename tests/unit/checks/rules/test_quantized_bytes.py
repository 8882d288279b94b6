from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.quantized_bytes import check_quantized_bytes
from harness.checks.subject_model import SubjectModel
from harness.subjects.installed import load_subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject

pytest.importorskip("aiconfigurator")


@pytest.fixture(scope="module")
def subject() -> ModelSubject:
    return load_subject()


class Wrong(SubjectModel):
    """A model of the real subject, whose builds are changed."""

    change: Callable[[BuildRequest, BuiltModel], BuiltModel] = staticmethod(lambda _request, built: built)

    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        request = request or self.request()
        return self.change(request, super().build(request))


def model(subject: ModelSubject, name: str, change: Callable[[BuildRequest, BuiltModel], BuiltModel]) -> Wrong:
    result = Wrong.load(subject, name)
    assert isinstance(result, Wrong)
    result.change = change
    return result


def scaled(built: BuiltModel, component: str, factor: float) -> BuiltModel:
    """Both phases with the weights of one component multiplied."""

    def ops(phase: str) -> dict[str, object]:
        return {
            phase: tuple(
                replace(op, weight_bytes=op.weight_bytes * factor) if op.component == component else op
                for op in getattr(built, phase)
            )
        }

    return replace(built, **ops("prefill"), **ops("decode"))  # type: ignore[arg-type]


NAME = "nvidia/Qwen3-235B-A22B-NVFP4"


def test_right_bits(subject: ModelSubject) -> None:
    right = model(subject, NAME, lambda _, built: built)
    assert not list(check_quantized_bytes(right, right.plan))


def test_scales_left_out(subject: ModelSubject) -> None:
    def change(request: BuildRequest, built: BuiltModel) -> BuiltModel:
        return scaled(built, "routed_experts", 8 / 9) if request.precision == "checkpoint" else built

    wrong = model(subject, NAME, change)
    (found,) = check_quantized_bytes(wrong, wrong.plan)
    assert (found.about, found.expected[:3], found.actual[:2]) == ("routed_experts.nvfp4_scales", "4.5", "4 ")


def test_a_wrong_structure_does_not_come_back(subject: ModelSubject) -> None:
    wrong = model(subject, NAME, lambda _, built: scaled(built, "routed_experts", 2))
    assert not list(check_quantized_bytes(wrong, wrong.plan))
