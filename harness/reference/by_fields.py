"""A reading of a config whose architecture no recipe knows: what the usual field names alone say.

It is a guess that lists what it guessed. Nothing that must be right may rest on it; a recipe replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.reference.architectures import recipes
from harness.reference.by_fields_data import field_names
from harness.reference.by_fields_parts import Doubt, feed_forward, mixer
from harness.reference.by_fields_pattern import ALONE, mixer_kinds, sparse_layers, unexplained_lists
from harness.reference.ffns import NoFfn
from harness.reference.recipe import assemble, hidden_size, layer
from harness.reference.vision import uncounted_vision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.reference.architectures import Recipe
    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import Layer, LayerPlan

USUAL = Doubt(
    "other",
    "Fields are read as most models use them; norms, biases, gates and the tied head are taken as in Llama.",
)
"""What is uncertain of every such reading."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A plan from fields alone.

    Attributes:
        plan: The plan.
        doubts: What the fields do not say.
    """

    plan: LayerPlan
    doubts: tuple[Doubt, ...]

    @property
    def uncertain(self) -> tuple[str, ...]:
        """The doubts in sentences."""
        return tuple(doubt.text for doubt in self.doubts)


def guess(config: HFConfig) -> Guess:
    """Read a config by its field names, or by the recipe of the model that stands in a section of it.

    Raises:
        ConfigError: A field that every decoder has is missing or wrong, or the model has an encoder too.
    """
    if config.get("is_encoder_decoder") is True:
        config.fail("is_encoder_decoder", True, "false or nothing: only decoders are read")
    inside, doubts = _inside(config)
    if inside is not None:
        recipe = recipes()[inside.declared]
        return Guess(_wrapped(config, inside, recipe), doubts)
    by_names = by_field_names(config)
    return Guess(by_names.plan, (*doubts, *by_names.doubts))


def by_field_names(config: HFConfig) -> Guess:
    """Read a config by its field names alone, whatever recipes there are.

    Raises:
        ConfigError: A field that every decoder has is missing or wrong.
    """
    text = config.text()
    doubts = [USUAL, *_by_class(config), *_predicting(text)]
    layers = _layers(text, doubts)
    plan = assemble(config, layers)
    found = (*doubts, *unexplained_lists(text, len(layers)), *_unread(text, plan))
    return Guess(plan, tuple(dict.fromkeys(found)))


def _layers(text: HFConfig, doubts: list[Doubt]) -> list[Layer]:
    hidden, kinds = hidden_size(text), mixer_kinds(text, doubts)
    alone = not set(kinds).isdisjoint(ALONE)
    sparse = tuple(kind == "moe" for kind in kinds) if alone else sparse_layers(text, len(kinds), doubts)
    by_kind = {}
    for kind, is_sparse in dict.fromkeys(zip(kinds, sparse, strict=True)):
        empty = alone and kind not in ALONE
        ffn = NoFfn() if empty else feed_forward(text, sparse=is_sparse, doubts=doubts)
        by_kind[kind, is_sparse] = layer(hidden, mixer(text, kind, doubts), ffn)
    return [by_kind[pair] for pair in zip(kinds, sparse, strict=True)]


# The model inside a wrapper ----------------------------------------------------------------------------------------


def _inside(config: HFConfig) -> tuple[HFConfig | None, tuple[Doubt, ...]]:
    """The innermost section that declares a model with a recipe, and what to say of the sections that declare one."""
    declaring = [part for part in config.nested() if part.declared]
    if not declaring:
        return None, ()
    known = [part for part in declaring if part.declared in recipes()]
    part = known[-1] if known else declaring[-1]
    how = "which has a recipe; the layers are read with it" if known else "which has no recipe either"
    note = f"{config.architecture} is not known; {part.path} in it declares {part.declared}, {how}."
    return (part if known else None), (Doubt("other", note),)


def _wrapped(config: HFConfig, inside: HFConfig, recipe: Recipe) -> LayerPlan:
    plan = recipe.build(inside)
    # The class that is declared at the top decides about tying; a nested class only where the top is silent.
    tied = config.flag(plan.tied, "tie_word_embeddings")
    towers = plan.towers
    if config.section("vision_config"):
        towers = (*towers, uncounted_vision("its tower is not read"))
    return replace(plan, architecture=config.architecture, tied=tied, towers=towers)


# What was not understood -------------------------------------------------------------------------------------------


def _by_class(config: HFConfig) -> Iterator[Doubt]:
    if not _named([config.architecture], field_names().classes):
        why = f"The name {config.architecture} does not say that it writes text; it may be an encoder."
        yield Doubt("other", why)


def _predicting(text: HFConfig) -> Iterator[Doubt]:
    asking = [field for field in field_names().mtp if text.integer_or(0, field, least=0)]
    if asking:
        why = f"{', '.join(asking)}: prediction (MTP) blocks are not counted, for no field says what they hold."
        yield Doubt("other", why)


def _unread(text: HFConfig, plan: LayerPlan) -> Iterator[Doubt]:
    names, mixers = field_names(), {kind for kind, _ in plan.kinds}
    values = {name: value for name, value in text.raw().items() if value}
    # A field that makes the reading doubtful was looked at.
    told: set[str] = set()
    for tells in names.tells:
        found = _named(values, tells.fields) if mixers.isdisjoint(tells.kinds) else []
        told.update(found)
        _look_at(text, found)
        if found:
            kinds = " or ".join(tells.kinds[:2])
            why = f"The reading found no {kinds} layer, although these fields speak of one: {', '.join(found)}."
            yield Doubt("mixer", why)
    understood = text.read_fields()
    for unused in names.unused:
        found = [name for name in _named(values, unused.fields) if name not in understood | told]
        if found:
            part = "mixers" if unused.about == "mixer" else "feed-forwards"
            why = f"Not understood, although they may make {part} of layers differ: {', '.join(found)}."
            yield Doubt(unused.about, why)
            _look_at(text, found)


def _look_at(text: HFConfig, names: list[str]) -> None:
    for name in names:
        text.get(name)


def _named(names: Iterable[str], patterns: tuple[str, ...]) -> list[str]:
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
