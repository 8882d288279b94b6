from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.checks.rules.sharding import check_sharding
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


def test_right_shares(subject: ModelSubject) -> None:
    right = model(subject, "Qwen/Qwen3-32B", lambda _, built: built)
    assert not list(check_sharding(right, right.plan))


def test_an_embedding_that_is_not_sharded(subject: ModelSubject) -> None:
    wrong = model(subject, "Qwen/Qwen3-32B", lambda request, built: scaled(built, "embedding", request.layout.tp))
    found = {mismatch.about for mismatch in check_sharding(wrong, wrong.plan)}
    assert found == {"tp2.embedding", "tp4.embedding", "tp8.embedding"}


def test_a_wrong_structure_does_not_come_back(subject: ModelSubject) -> None:
    wrong = model(subject, "Qwen/Qwen3-32B", lambda _, built: scaled(built, "dense_ffn", 3))
    assert not list(check_sharding(wrong, wrong.plan))
