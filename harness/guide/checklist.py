"""The integration checklist of upstream's guide, ticked by what was verified, to paste into a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.guide.phases import boxes
from harness.guide.records import Box, State
from harness.text import code_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.guide.phases import Box as Rule
    from harness.guide.records import Assessment, Criterion, PhaseReport

_MARKUP = re.compile(r"([\\`*_\[\]<>|#])")
_LONGEST_REMARK = 400


def checklist(phases: Sequence[PhaseReport], words: Mapping[str, str]) -> tuple[Box, ...]:
    """Every box, with what keeps it from being ticked.

    Args:
        phases: Where the model stands.
        words: Words for the braces in the texts.
    """
    criteria = {criterion.id: criterion for phase in phases for criterion in phase.criteria}
    unjudged = {name: text for phase in phases for name, text in phase.unjudged.items()}
    return tuple(_box(rule, rule.text.format_map(words), criteria, unjudged) for rule in boxes())


def _box(rule: Rule, text: str, criteria: Mapping[str, Criterion], unjudged: Mapping[str, str]) -> Box:
    if not rule.criteria:
        return Box(rule.phase, text, ticked=False, remark=rule.by_hand)
    found = [criteria[name] for name in rule.criteria if name in criteria]
    if remarks := [each.todo for each in found if each.state is not State.DONE]:
        return Box(rule.phase, text, ticked=False, remark=" ".join(remarks))
    if left_out := [unjudged[name] for name in rule.criteria if name in unjudged]:
        return Box(rule.phase, text, ticked=False, remark=f"Not judged: {'; '.join(left_out)}.")
    return Box(rule.phase, text, ticked=True, remark="" if found else "not needed for this model")


def _shown(text: str) -> str:
    """Free text as Markdown shows it as it is, on one line."""
    cut = text if len(text) <= _LONGEST_REMARK else f"{text[: _LONGEST_REMARK - 4]} ..."
    return _MARKUP.sub(r"\\\1", " ".join(cut.split()))


def markdown(assessment: Assessment, subject: str) -> str:
    """The checklist as Markdown.

    Args:
        assessment: The assessment.
        subject: Name and version of the subject.
    """
    lines = [f"### {code_text(assessment.model)} on {subject}: situation {assessment.situation}", ""]
    for box in assessment.boxes:
        remark = f" ({box.remark})" if box.ticked and box.remark else ""
        lines.append(f"- [{'x' if box.ticked else ' '}] Phase {box.phase}: {box.text}{remark}")
        if not box.ticked and box.remark:
            lines.append(f"  - {_shown(box.remark)}")
    return "\n".join([*lines, "", f"Next: {_shown(assessment.next_step)}"])
