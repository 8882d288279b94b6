"""`docs/history.md`: what was found in each release, from results alone."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from harness.results.findings_diff import judged_places, refuse_other_configs
from harness.results.overview import bugs, by_check, milestones, unlisted
from harness.text import markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.results.findings_file import FindingsFile
    from harness.results.overview import Bug


def history_page(files: Mapping[str, FindingsFile]) -> str:
    """The page.

    Args:
        files: Findings of every tested release, oldest first; at least one.

    Raises:
        ResultsError: Two releases were tested on different configs of one model.
    """
    for older, newer in combinations(files, 2):
        refuse_other_configs(files[older].configs, files[newer].configs, (older, newer))
    found = bugs(files)
    parts = [_head(files), "## Releases", _releases(files), "## Findings by check", _checks(files)]
    if found:
        parts += ["## Known issues", _issues(found, list(files)), *(_issue(bug) for bug in found)]
    if others := unlisted(files):
        parts += ["## Findings without a known issue", _others(others, list(files))]
    return "\n\n".join(parts) + "\n"


def _head(files: Mapping[str, FindingsFile]) -> str:
    releases = list(files)
    harness = sorted({file.versions["harness"] for file in files.values()})
    mixed = f"\n\nMade with harness {', '.join(harness)}: a difference may be the harness's own." if harness[1:] else ""
    return (
        f"# What the checks found from {releases[0]} to {releases[-1]}\n\n"
        "Written by `aic-harness releases --history docs/history.md` from the results of each release; do not edit.\n"
        "A cell such as 3/40 says: found on 3 targets (models, systems, or the release) of the 40 that were judged;\n"
        f"`-` says that none was: the release cannot be asked, or refuses them. [How checks work](checks.md).{mixed}"
    )


def _releases(files: Mapping[str, FindingsFile]) -> str:
    asked = milestones()
    rows = []
    for release, file in files.items():
        done = judged_places(file)
        reached = [sum(place.check == check for place in done) for check in (asked.parsed, asked.built)]
        wrong = sum(finding.wrong and not finding.stale for finding in file.findings)
        known = sum(finding.known_issue is not None for finding in file.findings)
        rows.append((release, len(file.configs), *reached, wrong, known))
    note = f"Parsed: `{asked.parsed}` came to its end; built: `{asked.built}` did."
    return f"{_table(('release', 'models', 'parsed', 'built', 'findings', 'of them known'), rows)}\n\n{note}"


def _checks(files: Mapping[str, FindingsFile]) -> str:
    return _table(("check", *files), [(f"`{check}`", *tallies.values()) for check, tallies in by_check(files).items()])


def _issues(found: Iterable[Bug], releases: Sequence[str]) -> str:
    rows = [
        (f"[{bug.id}](#{bug.id})", f"`{bug.check}`", *bug.tallies.values(), bug.appeared, bug.gone or "-")
        for bug in found
    ]
    return _table(("known issue", "check", *releases, "appeared", "gone"), rows)


def _issue(bug: Bug) -> str:
    worked = bug.worked
    ending = f"gone in {bug.gone}" if bug.gone else f"not gone in any release judged since {_last(bug)}"
    facts = (("expected", worked.expected), ("actual", worked.actual), ("arithmetic", worked.arithmetic))
    rows = [(name, "<br>".join(map(markdown_text, text.strip().splitlines()))) for name, text in facts if text]
    where = f"On {markdown_text(str(worked.target))} in {worked.subject.rpartition(' ')[2]}"
    head = f"### {bug.id}\n\nAppeared in {bug.appeared}, {ending}. {where}, about {markdown_text(worked.about)}:"
    return f"{head}\n\n{_table(('', ''), rows)}"


def _last(bug: Bug) -> str:
    return [release for release, tally in bug.tallies.items() if tally.found][-1]


def _others(found: Mapping[tuple[str, str], Mapping[str, int]], releases: Sequence[str]) -> str:
    rows = [
        (f"`{check}`", markdown_text(about), *(count or "-" for count in counts.values()))
        for (check, about), counts in found.items()
    ]
    return _table(("check", "about", *releases), rows)


def _table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
