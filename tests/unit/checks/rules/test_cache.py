from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.rules.cache import check_cache, check_cache_datatype
from tests.fakes.built_models import rebuilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import BuiltModel, ModelSubject


def test_right_curves(installed: ModelSubject) -> None:
    for name in ("Qwen/Qwen3-32B", "Qwen/Qwen3.5-397B-A17B", "openai/gpt-oss-120b"):
        right = rebuilt(installed, name, lambda _, built: built)
        assert not list(check_cache(right, right.plan))
        assert not list(check_cache_datatype(right, right.plan))


def changed(built: BuiltModel, new: Callable[[int, float], float]) -> BuiltModel:
    return replace(built, cache_bytes={length: new(length, size) for length, size in built.cache_bytes.items()})


def test_growth_and_state_are_told_apart(installed: ModelSubject) -> None:
    name = "Qwen/Qwen3.5-397B-A17B"
    cases = {
        "kv_growth": lambda length, size: size + 1024 * length,
        "state": lambda _, size: size - 4096,
        "window": lambda length, size: size + 1024 * min(length, 4096),
    }
    for about, new in cases.items():
        wrong = rebuilt(installed, name, lambda _, built, new=new: changed(built, new))  # type: ignore[misc]
        found = {mismatch.about for mismatch in check_cache(wrong, wrong.plan)}
        assert found == {about}


def test_a_wrong_share_of_one_rank(installed: ModelSubject) -> None:
    wrong = rebuilt(
        installed,
        "Qwen/Qwen3-32B",
        lambda request, built: changed(built, lambda _, size: size * (2 if request.layout.tp == 8 else 1)),
    )
    assert {mismatch.about for mismatch in check_cache(wrong, wrong.plan)} == {"tp8.kv_growth"}
