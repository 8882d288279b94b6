"""An explanation put into words for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.guide.explain import declared_signs
from harness.guide.labels import PARTS, dimensions
from harness.guide.pattern_rules import Form, shown
from harness.guide.strip import MARGIN, legend, signs, strip
from harness.guide.wrapping import WIDTH, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.records import Finding
    from harness.guide.explain import Explanation, Said
    from harness.guide.pattern_rules import Rule
    from harness.guide.strip import Paint

_CELLS = 3
"""Columns of the table before that of the fields."""
_SIZES = 2
"""Sizes of a mixer in the table; the legend has all."""


def _plain(sign: str, _place: int) -> str:
    return sign


def text(explanation: Explanation, *, verbose: bool = False, paint: Paint = _plain) -> str:
    """The whole explanation.

    Args:
        explanation: The explanation.
        verbose: Also every layer in a line, why checks could not judge, and how to reproduce what is wrong.
        paint: What gives a sign of the strip the colour of its place in the legend.
    """
    parts = [
        list(_head(explanation)),
        list(_layers(explanation, paint)),
        ["What says so", *(line for said in explanation.said for line in _rule(said)), *_recipe(explanation)],
        ["Layer by layer", *_table(explanation)] if verbose else [],
        list(_subject(explanation, verbose=verbose)),
        list(_by_choice(explanation, verbose=verbose)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _head(explanation: Explanation) -> Iterator[str]:
    reading, plan = explanation.reading, explanation.reading.plan
    yield from wrapped(f"{plan.model} ({plan.architecture}), {len(plan.layers)} layers", "  ", "")
    if not reading.is_guess:
        yield from wrapped(f"Meaning of the fields: {reading.source}", "  ", "")
        return
    yield "Read by field names alone, for nobody has told the harness what this class does. Not certain:"
    for doubt in reading.uncertain:
        yield from wrapped(doubt, "    ", "  - ")


def _layers(explanation: Explanation, paint: Paint) -> Iterator[str]:
    plan = explanation.reading.plan
    by_part = {part: signs(plan, part, declared_signs(part)) for part in PARTS}
    yield "Layers, numbered from 0"
    yield from strip(plan, by_part, paint)
    yield ""
    for entry in legend(plan, by_part):
        first, *rest = wrapped(entry.text, " " * (MARGIN + 4), " " * MARGIN)
        yield f"  {entry.heading:{MARGIN - 2}}{paint(entry.sign, entry.place)} {first[MARGIN:]}"
        yield from rest


def _rule(said: Said) -> Iterator[str]:
    rule = said.rule
    yield from wrapped(f"{rule.part:5} {_named(rule)}{rule.means}", "        ", "  ")
    if said.other is not None:
        yield from wrapped(f"The same in another spelling: {_named(said.other)}{said.other.means}", "        ")


def _named(rule: Rule) -> str:
    """The field and its value; that of a list or string tells nothing more than its meaning does."""
    if rule.form in (Form.UNIFORM, Form.FIXED):
        return ""
    value = "" if rule.form in (Form.LIST, Form.STRING) else f" = {shown(rule.value)}"
    return f"{rule.field}{value} ({rule.form}): "


def _recipe(explanation: Explanation) -> list[str]:
    why = explanation.reading.why
    return wrapped(f"In the words of the recipe: {why}", "        ", "  ") if why else []


def _table(explanation: Explanation) -> Iterator[str]:
    plan = explanation.reading.plan
    first = {said.rule.part: said.rule for said in reversed(explanation.said)}
    rows = []
    for number, layer in enumerate(plan.layers):
        sizes = " ".join(dimensions(layer.mixer).split()[:_SIZES])
        mixer = f"{layer.label.partition('+')[0]} {sizes}".rstrip()
        said = dict.fromkeys(first[part].at(number) for part in PARTS)
        rows.append((f"{number:>3}", mixer, layer.ffn.label, *filter(None, said)))
    widths = [max(len(row[column]) for row in rows) for column in range(_CELLS)]
    for row in rows:
        line = "  ".join(("", *(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))))
        fields, start = row[_CELLS:] or ("by the class",), len(line) + 2
        line += f"  {fields[0]}"
        for field in fields[1:]:
            fits = len(line) + 2 + len(field) <= WIDTH
            if not fits:
                yield f"{line},"
            line = f"{line}, {field}" if fits else f"{' ' * min(start, WIDTH - len(field))}{field}"
        yield line


def _subject(explanation: Explanation, *, verbose: bool) -> Iterator[str]:
    verdict, architecture = explanation.verdict, explanation.reading.plan.architecture
    if not verdict.mapped:
        said = f"{verdict.subject} does not map {architecture}: it says nothing of these layers, so nothing disagrees."
        yield from wrapped(said, "  ", "")
        return
    agreeing = ", ".join(verdict.agreeing)
    if verdict.disagreements:
        yield f"Where {verdict.subject} disagrees"
        yield from _findings(verdict.disagreements, verbose=verbose)
        if agreeing:
            yield from wrapped(f"Nothing is wrong in {agreeing}.", "    ", "  ")
    elif agreeing:
        yield from wrapped(f"{verdict.subject} does not disagree; nothing is wrong in {agreeing}.", "  ", "")
    else:
        yield f"{verdict.subject} does not disagree."
    for check, reason in verdict.unjudged if verbose else ():
        yield from wrapped(f"{check} was not judged: {reason}.", "    ", "  ")


def _by_choice(explanation: Explanation, *, verbose: bool) -> Iterator[str]:
    if explanation.verdict.by_choice:
        yield "Different by choice: upstream simplified it, or it is right for some engines only"
        yield from _findings(explanation.verdict.by_choice, verbose=verbose)


def _findings(findings: tuple[Finding, ...], *, verbose: bool) -> Iterator[str]:
    """Those of one check and one known issue together, what explains several of them said once."""
    groups: dict[tuple[str, str | None], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.known_issue), []).append(finding)
    for (check, issue), group in groups.items():
        yield from wrapped(check + (f" (known issue {issue})" if issue else ""), "    ", "  - ")
        for at, finding in enumerate(group):
            expected = f"expected {finding.expected}, " if finding.expected else ""
            yield from wrapped(f"{finding.about}: {expected}found {finding.actual}", "        ", "      ")
            following = group[at + 1].arithmetic if at + 1 < len(group) else ""
            # Of an error that the subject raised, it is the trace.
            if finding.expected and finding.arithmetic != following:
                yield from wrapped(finding.arithmetic, "          ", "        ")
        if verbose:
            yield f"      {group[0].reproduce}"
