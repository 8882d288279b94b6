from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.oracle import records
from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import count_parameters
from harness.reference.hf_config import HFConfig
from harness.reference.proof import prove

if TYPE_CHECKING:
    import pytest

    from harness.reference.layers import LayerPlan

MODEL = "deepseek-ai/DeepSeek-V3"
SHA = hashlib.sha256(Path(HFConfig.load(MODEL).source).read_bytes()).hexdigest()

plan = cache(lambda: plan_for(HFConfig.load(MODEL)))


def verdict(changed: LayerPlan, sha256: str = SHA) -> tuple[str, str]:
    found = prove(changed, count_parameters(changed), sha256)
    return found.verdict, found.reason


def test_equal_names_the_class() -> None:
    found, reason = verdict(plan())
    assert found == "equal"
    assert reason.startswith("DeepseekV3ForCausalLM of transformers ")


def test_another_count_differs_and_says_by_how_much() -> None:
    found, reason = verdict(replace(plan(), vocab=129281))
    assert found == "differs"
    assert "parameters 671026433536, oracle 671026419200" in reason
    assert "embedding 926686208, oracle 926679040" in reason


def test_another_order_of_layers_differs_though_the_counts_are_equal() -> None:
    layers = plan().layers
    found, reason = verdict(replace(plan(), layers=(*layers[1:4], layers[0], *layers[4:])))
    assert found == "differs"
    assert reason == "layer kinds differ from layer 2 on"


def test_a_config_that_was_never_judged_is_unavailable() -> None:
    assert verdict(plan(), "0" * 64)[0] == "unavailable"


def test_without_the_fixture_nothing_is_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(records, "fixture_path", lambda: tmp_path / "oracle.json")
    found, reason = verdict(plan())
    assert found == "unavailable"
    assert "oracle.json" in reason
