"""The notes of a scaffold: where the model is registered, its ops, and a stub for what is known to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.guide.fields import MTP
from harness.guide.naming import config_file
from harness.guide.records import Situation
from harness.guide.scaffold.code import prose
from harness.guide.scaffold.ops import rows
from harness.guide.scaffold.words import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.guide.scaffold.blueprint import Blueprint

_COLUMNS = ("part", "op", "context", "generation", "size, input -> output", "layers, counted from 0")
_EXAMPLE = "layer_counts"
_WIDTH = 118


# Registration -------------------------------------------------------------------------------------------------------


def registration(blueprint: Blueprint) -> str:
    """Markdown that says what to add where, in order."""
    numbered = (f"{number}. {step}" for number, step in enumerate(_steps(blueprint), 1))
    left = (
        f"Then `aic-harness assess model_configs/{config_file(blueprint.model)} --subject-path DIR` says what is left, "
        "with DIR where the changed aiconfigurator can be imported from."
    )
    parts = [
        f"# Registering `{blueprint.model}`",
        f"Situation {blueprint.situation}. {_reason(blueprint)}",
        "\n".join(numbered),
        *_doubts(blueprint),
        left,
    ]
    return "\n\n".join(parts) + "\n"


def _reason(blueprint: Blueprint) -> str:
    evidence, architecture = blueprint.evidence, prose(blueprint.architecture)
    if evidence.mapped:
        return f"`{architecture}` is mapped to the family `{evidence.family}`."
    if blueprint.is_new_family:
        missing = ", ".join(f"{mixer}+{ffn}" for mixer, ffn in evidence.uncovered)
        return f"No single family prices its layers, {missing} among them, so `{blueprint.family}` is a new one."
    return f"The family `{blueprint.family}` prices every one of its layers: {evidence.layers}."


def _steps(blueprint: Blueprint) -> Iterator[str]:
    where, family, architecture = places(), blueprint.family, prose(blueprint.architecture)
    evidence, is_simple = blueprint.evidence, blueprint.situation is Situation.SAME_OPS
    yield f"Put `model_configs/{config_file(blueprint.model)}` into {where.configs}, with what stands beside it."
    if not evidence.mapped:
        yield _lines(f"Map the architecture, {where.mapping}:", f'"{architecture}": "{family}",')
    if is_simple:
        return
    if blueprint.is_new_family:
        yield _lines(f"Declare the family, {where.families}:", f'"{family}",')
    yield _lines(f"Make the model usable by its id, {where.defaults}:", f'"{blueprint.model}",')
    if blueprint.section:
        yield _lines(
            f"Say where the text decoder stands, {where.nesting} (`VLM_ARCHITECTURES` in older releases), so that the "
            "section is entered before any field is read:",
            f'"{architecture}": "{blueprint.section}",',
        )
    if blueprint.dataclass:
        own = "" if blueprint.is_new_family else f", or extend the one that the family `{family}` has"
        yield f"Add the dataclass `{blueprint.dataclass}` of `{blueprint.module}.py` to {where.dataclass}{own}."
        yield f"Let {where.parsing} make it: `extra_params = {blueprint.dataclass}.from_config(config)`."
    if evidence.is_moe:
        yield (
            f"Let {where.moe} return True for this model, for it has routed experts: name `{family}` among the "
            "families with experts, or ask for them in its parameters where the family has dense models too."
        )
    if blueprint.is_new_family:
        yield (
            f'Write the model class in `{where.models.file}/{family.lower()}.py` with `@register_model("{family}")`, '
            "which is how `get_model` finds it. Keep the parameters before the ops are built, and scale each op by its "
            "own count of `OPS.md`."
        )
    else:
        yield f"Compare the ops of the family `{family}` in `{where.models.file}` with the counts of `OPS.md`."
    if any(parameter.group == MTP for parameter in blueprint.parameters):
        yield "Scale decode ops by the drafted tokens (MTP) where they are on, and give the prediction blocks weights."
    if blueprint.dataclass:
        yield f"Add `test_{blueprint.module}.py` to {where.tests}, importing the dataclass from where it is then."


def _lines(what: str, line: str) -> str:
    return f"{what}\n\n   ```text\n   {line}\n   ```"


def _doubts(blueprint: Blueprint) -> Iterator[str]:
    doubts = [prose(each) for each in blueprint.reading.uncertain]
    if blueprint.left_out:
        fields = ", ".join(f"`{prose(blueprint.path(field))}`" for field in blueprint.left_out)
        doubts.append(f"No parameter holds these fields, whose values are neither numbers nor words: {fields}.")
    if doubts:
        yield "\n".join(["To be settled by hand:", "", *(f"- {each}" for each in doubts)])


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
        *_doubts(blueprint),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *lines):
        yield f"| {' | '.join(prose(cell).replace('|', '/') for cell in cells)} |"


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
