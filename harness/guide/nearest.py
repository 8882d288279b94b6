"""The known architectures that a config comes nearest to, with the differences field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from pathlib import Path

    from harness.reference.layers import LayerPlan


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known architecture that a config resembles.

    Attributes:
        architecture: The architecture.
        model: A stored model of it.
        shared: Fields that both have and the architecture's recipe reads.
        missing: Fields that its recipe reads with a value, and the config has not.
        additional: Fields of the config that the known model has not.
        kinds: Layer kinds that both have.
    """

    architecture: str
    model: str
    shared: tuple[str, ...]
    missing: tuple[str, ...]
    additional: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def likeness(self) -> float:
        """Part of the fields that matter to either which both have, 0 to 1; layer kinds in common count as fields."""
        alike = len(self.shared) + len(self.kinds)
        return alike / max(1, alike + len(self.missing) + len(self.additional))

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "architecture": self.architecture,
            "model": self.model,
            "likeness": round(self.likeness, 2),
            "shared_fields": list(self.shared),
            "missing_fields": list(self.missing),
            "additional_fields": list(self.additional),
            "shared_layer_kinds": list(self.kinds),
        }


def nearest(config: HFConfig, plan: LayerPlan, folder: Path | None = None) -> tuple[Neighbour, ...]:
    """Every other architecture with a stored model, the nearest first.

    Args:
        config: The config.
        plan: How it was read.
        folder: Where stored configs are; the harness's own by default.
    """
    found: dict[str, Neighbour] = {}
    # Looking at a field counts as reading it, and who reads the config's fields is what this is about.
    aside = HFConfig(config.source, config.raw()).text()
    has = {field for field in aside.fields() if aside.get(field) is not None}
    matters = has & config.text().read_fields()
    for model in stored_models(folder):
        try:
            known = HFConfig.load(model, folder)
            if known.architecture in found or known.architecture == config.architecture:
                continue
            known_plan = plan_for(known)
        except HarnessError:
            continue
        found[known.architecture] = _compared(has, matters, plan, known, known_plan)
    return tuple(sorted(found.values(), key=lambda neighbour: (-neighbour.likeness, neighbour.architecture)))


def _compared(has: set[str], matters: set[str], plan: LayerPlan, known: HFConfig, known_plan: LayerPlan) -> Neighbour:
    theirs = known.text()
    reads = {field for field in theirs.read_fields() if theirs.get(field) is not None}
    labels = {f"{mixer}+{ffn}" for mixer, ffn in plan.kinds}
    return Neighbour(
        architecture=known.architecture,
        model=known.model,
        shared=tuple(sorted(reads & has)),
        missing=tuple(sorted(reads - has)),
        additional=tuple(sorted(matters - set(theirs.fields()))),
        kinds=tuple(sorted(labels & {f"{mixer}+{ffn}" for mixer, ffn in known_plan.kinds})),
    )
