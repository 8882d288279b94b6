"""An assessment put into words for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.guide.records import State
from harness.guide.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.guide.records import Assessment, Criterion, PhaseReport

    Paint = Callable[[str, State], str]

_SIGNS = {State.DONE: "[x]", State.MISSING: "[ ]", State.WRONG: "[!]"}
_TITLES = {
    "S1": "S1: an existing family fits, with the same ops",
    "S2": "S2: an existing family fits, with config fields of the model's own",
    "S3": "S3: a new family is needed",
}
_NEIGHBOURS_SHOWN = 6


def _plain(sign: str, _state: State) -> str:
    return sign


def text(assessment: Assessment, *, verbose: bool = False, paint: Paint = _plain) -> str:
    """The whole assessment.

    Args:
        assessment: The assessment.
        verbose: Also every finding behind a criterion, and every measured version.
        paint: What gives a sign the colour of a state.
    """
    parts = [
        [assessment.model, assessment.layers],
        [f"Situation {_TITLES[assessment.situation]}", *_bullets(assessment.reasons)],
        _uncertain(assessment),
        _neighbours(assessment),
        *([*_phase(phase, verbose=verbose, paint=paint)] for phase in assessment.phases),
        _coverage(assessment, verbose=verbose),
        ["Next step", *wrapped(assessment.next_step, "  ")],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _bullets(sentences: tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        yield from wrapped(sentence, "    ", "  - ")


def _uncertain(assessment: Assessment) -> list[str]:
    doubts = assessment.evidence.uncertain
    return ["Not certain, for nobody has told the harness what this class does", *_bullets(doubts)] if doubts else []


def _neighbours(assessment: Assessment) -> list[str]:
    lines = []
    for each in assessment.evidence.neighbours:
        lines.append(f"  {each.architecture} ({each.model}), {each.likeness:.0%} alike")
        for name, fields in (("fields only there", each.missing), ("fields only here", each.additional)):
            if fields:
                more = f" and {len(fields) - _NEIGHBOURS_SHOWN} more" if len(fields) > _NEIGHBOURS_SHOWN else ""
                lines += wrapped(f"{name}: {', '.join(fields[:_NEIGHBOURS_SHOWN])}{more}", "      ")
        for change in each.changed:
            lines += wrapped(str(change), "      ")
    return ["Known architectures that come nearest", *lines] if lines else []


def _phase(phase: PhaseReport, *, verbose: bool, paint: Paint) -> Iterator[str]:
    needed = "required" if phase.required else "not required"
    yield f"Phase {phase.number}, {phase.title}: {needed}, {_standing(phase)}"
    for criterion in phase.criteria:
        yield from _criterion(criterion, verbose=verbose, paint=paint)
    for left_out in phase.unjudged.values() if phase.criteria else ():
        yield f"  [-] {left_out}"


def _standing(phase: PhaseReport) -> str:
    if phase.open:
        return "not done"
    if any(each.state is State.MISSING for each in phase.criteria):
        return "nothing must be done"
    return "done" if phase.criteria else "judged once the architecture is mapped"


def _criterion(criterion: Criterion, *, verbose: bool, paint: Paint) -> Iterator[str]:
    yield f"  {paint(_SIGNS[criterion.state], criterion.state)} {criterion.text}"
    if criterion.todo:
        yield from wrapped(criterion.todo, "      ")
    hidden = criterion.findings[1:]
    if hidden and not verbose:
        yield f"      {len(hidden)} more findings; -v shows them"
    for finding in hidden if verbose else ():
        known = f" (known issue {finding.known_issue})" if finding.known_issue else ""
        line = f"{finding.check} {finding.about}: expected {finding.expected}, found {finding.actual}{known}"
        yield from wrapped(line, "        ", "      ")


def _coverage(assessment: Assessment, *, verbose: bool) -> list[str]:
    """A table of systems by backends: how many of the layers' needs the newest version has measured rows for."""
    from tabulate import tabulate  # noqa: PLC0415 - 50 ms

    needs = assessment.coverage
    if not needs:
        return []
    backends = sorted({database.backend for database in assessment.databases})
    cells: dict[str, dict[str, str]] = {}
    for database in assessment.databases:
        count = sum(database in measured.databases for measured in needs)
        cells.setdefault(database.system, {})[database.backend] = f"{database.version} {count}/{len(needs)}"
    rows = [(system, *(found.get(backend, "") for backend in backends)) for system, found in sorted(cells.items())]
    table = tabulate(rows, ("newest version", *backends), disable_numparse=True)
    title = "Measured tables, and for how many of the layers' needs they have rows (-v: every version)"
    lines = [title, *_indented(table)]
    for measured in needs:
        absent = sorted({str(each) for each in assessment.databases if each not in measured.databases})
        if not measured.known:
            said = "no table of this release; it must be collected"
        elif not absent:
            said = "everywhere"
        elif verbose:
            said = f"on {', '.join(map(str, measured.databases)) or 'none'}"
        else:
            said = f"on {len(assessment.databases) - len(absent)} of {len(assessment.databases)}"
        lines += wrapped(f"{measured.need}: {said}", "      ", "  - ")
    return lines


def _indented(block: str) -> list[str]:
    return [f"  {line}".rstrip() for line in block.splitlines()]
