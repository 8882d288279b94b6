"""The notes of a scaffold on the model itself: its ops, and a stub for what is known to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.guide.fields import MTP
from harness.guide.scaffold.code import noted
from harness.guide.scaffold.ops import rows
from harness.guide.scaffold.registration import doubts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.guide.scaffold.blueprint import Blueprint

_COLUMNS = ("part", "op", "context", "generation", "size, input -> output", "layers, counted from 0")
_EXAMPLE = "layer_counts"
_WIDTH = 118


# Ops ----------------------------------------------------------------------------------------------------------------


def ops_table(blueprint: Blueprint) -> str:
    """Markdown with every op and how often it runs."""
    plan = blueprint.reading.plan
    predicting = any(parameter.group == MTP for parameter in blueprint.parameters)
    found = rows(plan, predicting=predicting)
    depth = len(plan.layers)
    scaling = (
        "The counts are the scale factors of the ops. An op is scaled by the number of layers that run it; that is all "
        f"{depth} ({blueprint.depth_field or 'the length of the pattern'}) only where it says so."
    )
    parts = [
        f"# Ops of `{blueprint.model}`",
        f"{depth} layers: {plan}",
        scaling,
        *(["`n` is the number of drafted tokens, 0 where nothing is drafted."] if predicting else []),
        "\n".join(_table(_COLUMNS, [row.cells() for row in found])),
        *doubts(blueprint),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *lines):
        yield f"| {' | '.join(noted(cell).replace('|', '/') for cell in cells)} |"


# Known issues -------------------------------------------------------------------------------------------------------


def known_issues_stub(blueprint: Blueprint, release: str) -> str:
    """TOML of the harness's known issues without an entry, and an example to take out of its comments.

    Args:
        blueprint: The model.
        release: Version of the subject that the example's range begins with.
    """
    name = blueprint.module.removesuffix("_config")
    ids = sorted(check.id for check in checks().values() if check.scope in (Scope.MODEL, Scope.ESTIMATE))
    lines = [
        f"# What is known to be wrong with {blueprint.model}, for `--known-issues`; nothing so far.",
        "# An entry must be found on every target that it names. Take the example out of its comments and fill it in:",
        "#",
        "# [[known_issues]]",
        f'# id = "{name}-layer-counts"',
        f'# check = "{_EXAMPLE}"',
        f'# models = ["{blueprint.model}"]',
        '# about = ["*"]',
        f'# subjects = ">={release}"',
        '# kind = "bug"',
        '# reason = "What is wrong, with the arithmetic that shows it."',
        "#",
        "# The checks:",
    ]
    return "\n".join([*lines, *_commented(ids)]) + "\n"


def _commented(words: Sequence[str]) -> Iterator[str]:
    line = "#"
    for place, word in enumerate(words, 1):
        piece = f" {word}{',' if place < len(words) else ''}"
        if len(line) + len(piece) > _WIDTH:
            yield line
            line = "#"
        line += piece
    yield line
