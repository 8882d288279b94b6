"""The integration checklist: twelve boxes, ticked by what was verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from harness.guide.assess import assess
from harness.guide.checklist import markdown
from tests.fakes.guide import before, located

if TYPE_CHECKING:
    from harness.subjects.models import ModelSubject

BOX = re.compile(r"- \[([x ])\] Phase (\d): (.*)")


def boxes(page: str) -> list[tuple[str, int, str]]:
    return [(sign, int(phase), text) for sign, phase, text in BOX.findall(page)]


def test_a_model_that_is_done_has_all_boxes_but_those_that_no_release_shows(installed: ModelSubject) -> None:
    page = markdown(assess(installed, "Qwen/Qwen3-32B"), "aiconfigurator 0.12.0")
    assert page.startswith("### `Qwen/Qwen3-32B` on aiconfigurator 0.12.0: situation S1\n")
    assert [phase for _, phase, _ in boxes(page)] == [1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5]
    assert [text for sign, _, text in boxes(page) if sign == " "] == [
        "Unit test of the parsing added",
        "The support matrix lists the model, and estimates are sound",
    ]
    assert "ModelFamily` updated (new family only) (not needed for this model)" in page


def test_what_keeps_a_box_open_stands_below_it(installed: ModelSubject) -> None:
    page = markdown(assess(installed, "nvidia/Gemma-4-31B-IT-NVFP4"), "aiconfigurator")
    below = page.split("`check_is_moe()` is right\n")[1].splitlines()[0]
    assert below.startswith("  - Name every family with experts in check\\_is\\_moe, and no dense one. Mend")


def test_a_release_without_the_model_leaves_every_box_open(installed: ModelSubject) -> None:
    older = before(installed, "Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
    page = markdown(assess(older, "Qwen/Qwen3.5-397B-A17B"), "aiconfigurator")
    assert {sign for sign, _, _ in boxes(page)} == {" "}
    assert "`Qwen3_5MoeForConditionalGeneration` added in" in page


@pytest.mark.parametrize("model", ["openbmb--MiniCPM3-4B", "Qwen--Qwen3-Next-80B-A3B-Instruct"])
def test_a_page_holds_no_markup_of_its_own_and_fits_a_pull_request(model: str, installed: ModelSubject) -> None:
    page = markdown(assess(installed, located(model)), "aiconfigurator")
    assert len(page) < 20_000
    assert "{" not in page
    for line in page.splitlines():
        assert line.count("`") % 2 == 0 or "\\`" in line
