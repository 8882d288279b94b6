"""An assessment as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.guide.assess import assess
from harness.guide.assess_text import text
from tests.fakes.guide import located

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject


def test_a_done_model_reads_from_situation_to_next_step(installed: ModelSubject) -> None:
    shown = text(assess(installed, "Qwen/Qwen3-32B"))
    assert shown.startswith(
        "Qwen/Qwen3-32B\n64x(full+dense)\n\nSituation S1: an existing family fits, with the same ops\n"
    )
    for line in (
        "Phase 1, Model config: required, done",
        "Phase 4, Model class: not required, done",
        "  [x] check_is_moe is right",
        "  - full (hidden 5120, heads 64, kv_heads 8, dim 128",
        "Next step\n  Nothing: every phase that this model requires is done.",
    ):
        assert line in shown
    assert "Not certain" not in shown


def test_signs_differ_without_colour_and_long_lines_are_folded(installed: ModelSubject) -> None:
    shown = text(assess(installed, "Qwen/Qwen3.5-397B-A17B"))
    assert "  [!] The per-layer pattern is read alike" in shown
    assert "  [-] Estimates come back" in shown
    assert "more findings; -v shows them" in shown
    assert max(map(len, shown.splitlines())) <= 120


def test_verbose_shows_every_finding(installed: ModelSubject) -> None:
    found = assess(installed, "Qwen/Qwen3.5-397B-A17B")
    shown = " ".join(text(found, verbose=True).split())
    for phase in found.phases:
        for criterion in phase.criteria:
            for finding in criterion.findings[1:]:
                assert f"{finding.check} {finding.about}:" in shown


def test_an_unknown_architecture_says_what_is_uncertain_and_what_comes_near(installed: ModelSubject) -> None:
    shown = text(assess(installed, located("Qwen--Qwen3-Next-80B-A3B-Instruct")))
    assert "Not certain, for nobody has told the harness what this class does" in shown
    assert "Qwen3_5MoeForConditionalGeneration" in shown.split("Known architectures that come nearest\n")[1]
    assert "Phase 4, Model class: not required, judged once the architecture is mapped" in shown


def test_colour_is_given_to_signs_only(installed: ModelSubject) -> None:
    shown = text(assess(installed, "Qwen/Qwen3-0.6B"), paint=lambda sign, state: f"<{state}>{sign}")
    assert "  <done>[x] check_is_moe is right" in shown
    assert "  <wrong>[!] The ops hold the bytes" in shown
