"""Settings that no stored config has: biases, ties, windows, other patterns, families without a stored model.

`variants.json` holds the fields that count, and the total of the class that `transformers` 5.23.0 builds from them on
the meta device: its parameters, and the buffers that it saves with them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.reference.architectures import plan_for
from harness.reference.counting.parameters import count_parameters
from harness.reference.hf_config import HFConfig

VARIANTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("variants.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "variant",
    VARIANTS,
    ids=[f"{number}-{entry['config']['architectures'][0]}" for number, entry in enumerate(VARIANTS)],
)
def test_the_total_is_that_of_the_native_class(variant: dict[str, Any]) -> None:
    config = HFConfig("variant", variant["config"])
    assert count_parameters(plan_for(config)).total == variant["parameters"]
    assert config.unread() == ()
