from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.rules.sharding import check_sharding
from tests.fakes.built_models import rebuilt, scaled

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


def test_right_shares(installed: ModelSubject) -> None:
    right = rebuilt(installed, "Qwen/Qwen3-32B", lambda _, built: built)
    assert not list(check_sharding(right, right.plan))


def test_an_embedding_that_is_not_sharded(installed: ModelSubject) -> None:
    wrong = rebuilt(installed, "Qwen/Qwen3-32B", lambda request, built: scaled(built, "embedding", request.layout.tp))
    found = {mismatch.about for mismatch in check_sharding(wrong, wrong.plan)}
    assert found == {"tp2.embedding", "tp4.embedding", "tp8.embedding"}


def test_a_wrong_structure_does_not_come_back(installed: ModelSubject) -> None:
    wrong = rebuilt(installed, "Qwen/Qwen3-32B", lambda _, built: scaled(built, "dense_ffn", 3))
    assert not list(check_sharding(wrong, wrong.plan))
