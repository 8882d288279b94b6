from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.weights import check_weights, check_weights_prefill_equals_decode
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


def abouts(found: object) -> set[str]:
    return {mismatch.about for mismatch in found}  # type: ignore[attr-defined]


def test_a_model_that_is_right_but_for_norms(subject: ModelSubject) -> None:
    right = model(subject, "Qwen/Qwen3-32B", lambda _, built: built)
    assert abouts(check_weights(right, right.plan)) == {"norms.vectors"}
    assert not list(check_weights_prefill_equals_decode(right, right.plan))


def test_opposite_errors_do_not_cancel(subject: ModelSubject) -> None:
    wrong = model(
        subject,
        "Qwen/Qwen3-32B",
        lambda _, built: scaled(scaled(built, "dense_ffn", 1.25), "attention", 0.5),
    )
    assert {"dense_ffn.more", "attention.full.layers"} <= abouts(check_weights(wrong, wrong.plan))


def test_what_differs_on_one_backend_names_it(subject: ModelSubject) -> None:
    wrong = model(
        subject,
        "Qwen/Qwen3-32B",
        lambda request, built: scaled(built, "head", 2) if request.backend == "vllm" else built,
    )
    assert abouts(check_weights(wrong, wrong.plan)) == {"norms.vectors", "vllm.head.more"}


def test_phases_that_differ(subject: ModelSubject) -> None:
    wrong = model(subject, "Qwen/Qwen3-32B", lambda _, built: replace(built, decode=built.decode[:-1][:1]))
    assert "head" in abouts(check_weights_prefill_equals_decode(wrong, wrong.plan))
