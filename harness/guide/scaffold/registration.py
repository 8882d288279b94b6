"""The note of a scaffold that says where upstream registers the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.guide.fields import MTP
from harness.guide.naming import config_file
from harness.guide.records import Situation
from harness.guide.scaffold.code import noted, prose
from harness.guide.scaffold.words import places
from harness.text import code_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.guide.scaffold.blueprint import Blueprint


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
        *doubts(blueprint),
        left,
    ]
    return "\n\n".join(parts) + "\n"


def _reason(blueprint: Blueprint) -> str:
    evidence, architecture = blueprint.evidence, code_text(prose(blueprint.architecture))
    missing = ", ".join(f"{mixer}+{ffn}" for mixer, ffn in evidence.uncovered)
    if evidence.mapped:
        lacks = f", which has no ops for {missing}" if missing else ""
        refused = f" The release refuses to build the model: {noted(evidence.refusal)}" if evidence.refusal else ""
        return f"{architecture} is mapped to the family `{evidence.family}`{'' if refused else lacks}.{refused}"
    if blueprint.is_new_family:
        return f"No single family prices its layers, {missing} among them, so `{blueprint.family}` is a new one."
    return f"The family `{blueprint.family}` prices every one of its layers: {evidence.layers}."


def _steps(blueprint: Blueprint) -> Iterator[str]:
    where, family, architecture = places(), blueprint.family, prose(blueprint.architecture)
    yield f"Put `model_configs/{config_file(blueprint.model)}` into {where.configs}, with what stands beside it."
    if not blueprint.evidence.mapped:
        yield _lines(f"Map the architecture, {where.mapping}:", f'"{architecture}": "{family}",')
    if blueprint.situation is Situation.SAME_OPS:
        return
    if blueprint.is_new_family:
        yield _lines(f"Declare the family, {where.families}:", f'"{family}",')
    if not blueprint.listed:
        yield _lines(f"Make the model usable by its id, {where.defaults}:", f'"{blueprint.model}",')
    if blueprint.section:
        yield _lines(
            f"Say where the text decoder stands, {where.nesting} (`VLM_ARCHITECTURES` in older releases), so that the "
            "section is entered before any field is read:",
            f'"{architecture}": "{blueprint.section}",',
        )
    yield from _code(blueprint)


def _code(blueprint: Blueprint) -> Iterator[str]:
    where, family, evidence = places(), blueprint.family, blueprint.evidence
    if blueprint.dataclass:
        own = "" if blueprint.is_new_family else f", or extend the one that the family `{family}` has"
        yield f"Add the dataclass `{blueprint.dataclass}` of `{blueprint.module}.py` to {where.dataclass}{own}."
        fields = ", ".join(code_text(field) for field in evidence.unread)
        unread = f" Today it never reads {fields}." if fields else ""
        yield f"Let {where.parsing} make it: `extra_params = {blueprint.dataclass}.from_config(config)`.{unread}"
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


def doubts(blueprint: Blueprint) -> Iterator[str]:
    """A list of what is not certain; nothing where all of it is."""
    found = [noted(each) for each in blueprint.reading.uncertain]
    if blueprint.left_out:
        fields = ", ".join(code_text(blueprint.path(field)) for field in blueprint.left_out)
        found.append(f"No parameter holds these fields, whose values are neither numbers nor words: {fields}.")
    if found:
        yield "\n".join(["To be settled by hand:", "", *(f"- {each}" for each in found)])
