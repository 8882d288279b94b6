from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.rules.families import check_families
from tests.fakes.built_models import changed, each

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.subjects.models import BuildRequest, ModelSubject, Op
    from tests.fakes.built_models import Change

LLAMA, DECI = "meta-llama/Meta-Llama-3.1-8B", "nvidia/Llama-3_3-Nemotron-Super-49B-v1"


def abouts(subject: ModelSubject, name: str, change: Change | None = None) -> list[str]:
    model = changed(subject, name, change) if change else changed(subject, name)
    return [mismatch.about for mismatch in check_families(model, model.plan)]


def test_families_with_all_ops_pass_even_if_some_are_listed_in_pieces(installed: ModelSubject) -> None:
    assert abouts(installed, LLAMA) == []
    assert abouts(installed, DECI) == []


def test_an_empty_phase_is_found(installed: ModelSubject) -> None:
    def empty(_request: BuildRequest, phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return ops if phase == "prefill" else ()

    assert "decode.empty" in abouts(installed, LLAMA, empty)


def test_an_op_that_nobody_sorted_is_found(installed: ModelSubject) -> None:
    found = abouts(installed, LLAMA, each("dense_ffn.in", phase="prefill", component="", name="context_new_gemm"))
    assert found == ["prefill.unsorted:context_new_gemm"]


def test_an_op_listed_twice_is_found_on_the_backend_that_has_it(installed: ModelSubject) -> None:
    def twice(request: BuildRequest, _phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        extra = [replace(op) for op in ops if op.part == "qkv"] if request.backend == "vllm" else []
        return (*ops, *extra)

    assert abouts(installed, LLAMA, twice) == [
        "prefill.repeated:context_qkv_gemm@vllm",
        "decode.repeated:generation_qkv_gemm@vllm",
    ]


def test_a_component_of_one_phase_only_is_found(installed: ModelSubject) -> None:
    def headless(_request: BuildRequest, phase: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (op for op in ops if phase == "decode" or op.component != "head")

    assert abouts(installed, LLAMA, headless) == ["prefill.without:head"]
