"""What a plan needs measured, and that the subject is asked only if it can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from harness.guide.coverage import coverage, needs
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from harness.subjects.models import ModelSubject, Need


def needed(model: str) -> dict[str, dict[str, int]]:
    return {need.kind: dict(need.sizes) for need in needs(plan_for(HFConfig.load(model)))}


def test_each_different_layer_needs_its_shape_once() -> None:
    assert needed("Qwen/Qwen3.5-27B") == {
        "gdn": {"hidden": 5120, "k_heads": 16, "v_heads": 48, "k_dim": 128, "v_dim": 128},
        "full": {"hidden": 5120, "heads": 24, "kv_heads": 4, "dim": 256, "v_dim": 256, "reach": 0},
    }


def test_experts_need_the_width_that_they_work_in() -> None:
    assert needed("Qwen/Qwen3-30B-A3B")["moe"] == {"width": 2048, "inner": 768, "top": 8, "experts": 128}
    assert needed("moonshotai/Kimi-K3")["latent_moe"]["width"] == 3584


def test_two_mixers_in_one_layer_are_two_needs(request: pytest.FixtureRequest) -> None:
    folder: Path = request.path.parents[1] / "reference" / "hybrids"
    plan = plan_for(HFConfig.load(folder / "tiiuae--Falcon-H1-1.5B-Instruct_config.json"))
    assert [need.kind for need in needs(plan)] == ["full", "mamba2"]


def test_layers_without_a_mixer_or_experts_need_nothing() -> None:
    assert set(needed("nvidia/Nemotron-H-56B-Base-8K")) == {"mamba2", "full"}


class Silent:
    capabilities = frozenset(Capability) - {Capability.TABLES}

    def measured(self, needs: list[Need]) -> None:
        raise AssertionError(needs)


def test_a_subject_that_cannot_say_is_not_asked() -> None:
    assert coverage(cast("ModelSubject", Silent()), plan_for(HFConfig.load("Qwen/Qwen3-8B"))) == ()


def test_what_the_release_says_is_passed_on(installed: ModelSubject) -> None:
    found = {each.need.kind: each for each in coverage(installed, plan_for(HFConfig.load("Qwen/Qwen3.5-27B")))}
    assert set(found) == {"gdn", "full"}
    assert all(each.known and each.databases for each in found.values())
    (mamba,) = [
        e
        for e in coverage(installed, plan_for(HFConfig.load("nvidia/Nemotron-H-56B-Base-8K")))
        if e.need.kind == "mamba2"
    ]
    assert mamba.known
    assert not mamba.databases
