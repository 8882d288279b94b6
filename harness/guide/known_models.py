"""The stored models as the guide compares others with them, each read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.reference.layers import LayerPlan


@dataclass(frozen=True, slots=True)
class Known:
    """A stored model.

    Attributes:
        config: Its config.
        plan: Its layer plan.
        read: Fields of the text decoder that its recipe reads.
    """

    config: HFConfig
    plan: LayerPlan
    read: frozenset[str]


@cache
def known_models(folder: Path | None = None) -> tuple[Known, ...]:
    """Every stored model that can be read, by name.

    Args:
        folder: Where stored configs are; the harness's own by default.
    """
    return tuple(_readable(folder))


def _readable(folder: Path | None) -> Iterator[Known]:
    for name in stored_models(folder):
        try:
            config = HFConfig.load(name, folder)
            plan = plan_for(config)
        except HarnessError:
            continue
        yield Known(config, plan, config.text().read_fields())
