from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.rules.weights import check_weights, check_weights_prefill_equals_decode
from tests.fakes.built_models import rebuilt, scaled

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


def abouts(found: object) -> set[str]:
    return {mismatch.about for mismatch in found}  # type: ignore[attr-defined]


def test_a_model_that_is_right_but_for_norms(installed: ModelSubject) -> None:
    right = rebuilt(installed, "Qwen/Qwen3-32B", lambda _, built: built)
    assert abouts(check_weights(right, right.plan)) == {"norms.vectors"}
    assert not list(check_weights_prefill_equals_decode(right, right.plan))


def test_opposite_errors_do_not_cancel(installed: ModelSubject) -> None:
    wrong = rebuilt(
        installed,
        "Qwen/Qwen3-32B",
        lambda _, built: scaled(scaled(built, "dense_ffn", 1.25), "attention", 0.5),
    )
    assert {"dense_ffn.more", "attention.full.layers"} <= abouts(check_weights(wrong, wrong.plan))


def test_what_differs_on_one_backend_names_it(installed: ModelSubject) -> None:
    wrong = rebuilt(
        installed,
        "Qwen/Qwen3-32B",
        lambda request, built: scaled(built, "head", 2) if request.backend == "vllm" else built,
    )
    assert abouts(check_weights(wrong, wrong.plan)) == {"norms.vectors", "vllm.head.more"}


def test_phases_that_differ(installed: ModelSubject) -> None:
    wrong = rebuilt(installed, "Qwen/Qwen3-32B", lambda _, built: replace(built, decode=built.decode[:-1][:1]))
    assert "head" in abouts(check_weights_prefill_equals_decode(wrong, wrong.plan))
