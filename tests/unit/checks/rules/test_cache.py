from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.cache import check_cache, check_cache_datatype
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


def test_right_curves(subject: ModelSubject) -> None:
    for name in ("Qwen/Qwen3-32B", "Qwen/Qwen3.5-397B-A17B", "openai/gpt-oss-120b"):
        right = model(subject, name, lambda _, built: built)
        assert not list(check_cache(right, right.plan))
        assert not list(check_cache_datatype(right, right.plan))


def changed(built: BuiltModel, new: Callable[[int, float], float]) -> BuiltModel:
    return replace(built, cache_bytes={length: new(length, size) for length, size in built.cache_bytes.items()})


def test_growth_and_state_are_told_apart(subject: ModelSubject) -> None:
    name = "Qwen/Qwen3.5-397B-A17B"
    cases = {
        "kv_growth": lambda length, size: size + 1024 * length,
        "state": lambda _, size: size - 4096,
        "window": lambda length, size: size + 1024 * min(length, 4096),
    }
    for about, new in cases.items():
        wrong = model(subject, name, lambda _, built, new=new: changed(built, new))  # type: ignore[misc]
        found = {mismatch.about for mismatch in check_cache(wrong, wrong.plan)}
        assert found == {about}


def test_a_wrong_share_of_one_rank(subject: ModelSubject) -> None:
    wrong = model(
        subject,
        "Qwen/Qwen3-32B",
        lambda request, built: changed(built, lambda _, size: size * (2 if request.layout.tp == 8 else 1)),
    )
    assert {mismatch.about for mismatch in check_cache(wrong, wrong.plan)} == {"tp8.kv_growth"}
