"""`docs/findings.md`: what is known to be wrong in a subject, with one worked example of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.publish import printable
from harness.text import code_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.checks.known_issues import KnownIssue
    from harness.checks.records import Finding

KINDS: Mapping[str, tuple[str, str]] = {
    "bug": ("Bugs", "The estimate or the answer follows from a wrong number."),
    "approximation": ("Approximations", "Upstream chose a simpler formula; this is what it costs."),
    "engine-dependent": ("Dependent on the engine", "Right for some serving engines and wrong for others."),
}
"""Kinds of known issues, the strongest first, with the heading of each and what it means."""


def findings_page(entries: Iterable[KnownIssue], findings: Iterable[Finding]) -> str:
    """The page, strongest first: by kind, then by the number of targets, then by id.

    Args:
        entries: Known issues that concern the subject.
        findings: Findings of a run; an entry without any is left out.
    """
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.known_issue is not None:
            found.setdefault(finding.known_issue, []).append(finding)
    ranks = list(KINDS)
    ranked = sorted(
        (entry for entry in entries if entry.id in found),
        key=lambda entry: (ranks.index(entry.kind), -len(_targets(found[entry.id])), entry.id),
    )
    subject = next((each.subject for group in found.values() for each in group), "the subject")
    parts = [_head(subject, ranked, found)]
    for kind, (title, meaning) in KINDS.items():
        of_kind = [entry for entry in ranked if entry.kind == kind]
        if of_kind:
            parts.append(f"## {title}\n\n{meaning}")
            parts += [_section(entry, found[entry.id]) for entry in of_kind]
    return "\n\n".join(parts) + "\n"


def _head(subject: str, ranked: Sequence[KnownIssue], found: Mapping[str, Sequence[Finding]]) -> str:
    rows = [
        f"| [{entry.id}](#{entry.id}) | {entry.kind} | `{entry.check}` | {len(_targets(found[entry.id]))} |"
        for entry in ranked
    ]
    table = "\n".join(["| finding | kind | check | targets |", "|---|---|---|---|", *rows])
    return (
        f"# What the checks find in {subject}\n\n"
        "Written by `nox -s findings` from a run of every check on every stored config; do not edit. Each entry of\n"
        "[known_issues.toml](../fixtures/known_issues.toml) is shown with one of its findings. "
        f"[How checks work](checks.md).\n\n{table}"
    )


def _section(entry: KnownIssue, findings: Sequence[Finding]) -> str:
    worked = min(findings, key=lambda each: (each.target.model, str(each.target), each.about))
    targets = _targets(findings)
    about = list(dict.fromkeys(each.about for each in findings))
    rows = [("about", _unmarked(", ".join(about))), ("subjects", entry.subjects)]
    rows += [("upstream", entry.upstream)] if entry.upstream else []
    parts = [
        f"### {entry.id}",
        entry.reason,
        "\n".join(f"- {name}: {value}" for name, value in rows),
        f"<details><summary>{len(targets)} {_noun(findings, len(targets))}</summary>\n\n"
        + "\n".join(f"- {_unmarked(target)}" for target in targets)
        + "\n\n</details>",
        f"On {_unmarked(str(worked.target))}, about {code_text(worked.about)}:",
        _table(worked),
        _fenced("sh", worked.reproduce),
    ]
    if worked.snippet:
        parts.append(_fenced("python", worked.snippet.strip()))
    return printable("\n\n".join(parts))


def _targets(findings: Iterable[Finding]) -> list[str]:
    """Models concerned; systems, or the release, where no model is."""
    return sorted({each.target.model or str(each.target) for each in findings})


def _noun(findings: Sequence[Finding], count: int) -> str:
    noun = "model" if findings[0].target.model else "system" if findings[0].target.system else "release"
    return noun if count == 1 else f"{noun}s"


def _table(finding: Finding) -> str:
    rows = (("expected", finding.expected), ("actual", finding.actual), ("arithmetic", finding.arithmetic))
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {name} | {_cell(text)} |" for name, text in rows if text)],
    )


def _cell(text: str) -> str:
    escaped = _unmarked(text.strip().replace("\\", "\\\\")).replace("|", "\\|").replace("*", "\\*")
    return escaped.replace("_", "\\_").replace("\n", "<br>")


def _unmarked(text: str) -> str:
    """The text without HTML and links."""
    return text.replace("<", "&lt;").replace("](", "]\\(")


def _fenced(language: str, code: str) -> str:
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}"
