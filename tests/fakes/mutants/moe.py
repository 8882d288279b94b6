"""Mutants of whether a model is a mixture of experts: lesson 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import changed
from tests.fakes.mutants.where import declared

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.mutants.answering import Patch

_NEMOTRON = "NemotronHForCausalLM"
_QWEN = "Qwen3_5ForConditionalGeneration"


def _families(change: Callable[[set[str]], set[str]]) -> Patch:
    return changed("models.helpers", "_MOE_MODEL_FAMILIES", lambda known: change(set(known)))


MUTANTS = (
    Mutant(
        id="moe-only-of-old",
        mistake="The check for a mixture of experts knows the two families it was written for, MOE and DEEPSEEK.",
        check="is_moe",
        lesson=3,
        patch=_families(lambda _: {"MOE", "DEEPSEEK"}),
        concerns=lambda model: (
            model.plan.is_moe and model.parsed.family not in {"MOE", "DEEPSEEK", "QWEN35", "NEMOTRONH"}
        ),
    ),
    Mutant(
        id="moe-hybrid-forgotten",
        mistake="A new hybrid family with experts was not added to the list of families that have some.",
        check="is_moe",
        lesson=3,
        patch=_families(lambda known: known - {"HYBRIDMOE"}),
        concerns=declared("MiMoV2FlashForCausalLM", "Llama4ForConditionalGeneration"),
    ),
    Mutant(
        id="moe-family-is-enough",
        mistake="A family with dense and sparse members was added to the list, so that the dense ones count as sparse.",
        check="is_moe",
        lesson=3,
        patch=_families(lambda known: known | {"QWEN35", "NEMOTRONH"}),
        concerns=lambda model: model.plan.architecture in {_NEMOTRON, _QWEN} and not model.plan.is_moe,
    ),
)
