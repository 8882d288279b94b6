"""What a subject's numbers stand for, as data, and the same numbers looked up in the reference's plan."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pydantic import Field

from harness.data_files import Record, data_path, load_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.reference.hf_config import HFConfig
    from harness.reference.layers import LayerPlan

ABSENT = object()
"""The model has no such quantity."""


class Meaning(Record):
    """What one field of a subject's reading stands for; the fields are those of `fixtures/extra_params.toml`."""

    quantity: str = ""
    absent: int | None = None
    zero: str = ""
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    ignored: str = ""


class Meanings(Record):
    """`fixtures/extra_params.toml`.

    Attributes:
        dimensions: Of the fields that every reading has.
        types: Of a family's own parameters, by their class.
        overrides: Quantities that dimensions stand for in a family, by the same class; empty for none.
    """

    dimensions: dict[str, Meaning]
    types: dict[str, dict[str, Meaning]]
    overrides: dict[str, dict[str, str]]

    def dimension(self, name: str, extra_type: str) -> str:
        """Quantity that a dimension stands for; empty if no rule judges it."""
        return self.overrides.get(extra_type, {}).get(name, self.dimensions[name].quantity)


@cache
def meanings() -> Meanings:
    """Read the file once.

    Raises:
        DataFileError: It does not follow its schema.
    """
    return load_toml(data_path("fixtures", "extra_params.toml"), Meanings)


class Quantities:
    """Numbers of a model by name.

    Args:
        config: The whole config.
        plan: Its reading.
    """

    def __init__(self, config: HFConfig, plan: LayerPlan) -> None:
        self._config, self._plan = config, plan

    def __call__(self, name: str) -> object:
        """Value of a quantity; `ABSENT` if the model has none, a tuple where there is one for each layer."""
        where, _, attribute = name.partition(".")
        if where in ("plan", "derived", "blocks"):
            return _COMPUTED[name](self)
        if where == "config":
            return _field(self._config.text(), attribute)
        if where == "vision":
            vision = self._config.section("vision_config")
            return _field(vision, attribute) if vision else ABSENT
        part = self._part(where.split("|"))
        for step in attribute.split("."):
            part = getattr(part, step, ABSENT)
        return part

    def _part(self, kinds: list[str]) -> object:
        for kind in kinds:
            for layer in self._plan.layers:
                if layer.mixer.kind == kind:
                    return layer.mixer
                if layer.ffn.kind == kind or (kind == "moe" and kind in layer.ffn.kind):
                    return layer.ffn
                beside = getattr(layer.ffn, "beside", None)
                if kind == "dense" and beside:
                    return beside
        return ABSENT

    def _moe(self, attribute: str) -> int:
        return int(getattr(self._part(["moe"]), attribute, 0))

    def _each(self, value: Callable[[object, object], object]) -> tuple[object, ...]:
        return tuple(value(layer.mixer, layer.ffn) for layer in self._plan.layers)

    def _qk_norm(self) -> bool:
        mixers = (layer.mixer for layer in self._plan.layers)
        return any(getattr(mixer, "head_norms", False) or getattr(mixer, "full_norms", False) for mixer in mixers)

    def _shared_experts(self) -> object:
        return self._moe("shared_inner") // self._moe("inner") if self._plan.is_moe else ABSENT

    def _one_shared_inner(self) -> object:
        count = self._config.text().integer_or(1, "n_shared_experts", "num_shared_experts")
        return self._moe("shared_inner") // count if self._plan.is_moe else ABSENT

    def _leading_dense(self) -> int:
        flags = [layer.ffn.kind == "dense" for layer in self._plan.layers]
        return flags.index(False) if False in flags else len(flags)

    def _projector(self) -> object:
        vision = self._config.section("vision_config")
        if not vision:
            return ABSENT
        wide = vision.integer("hidden_size") * vision.integer("spatial_merge_size") ** 2
        return ((wide, wide), (wide, vision.integer("out_hidden_size")))

    def _projectors(self) -> object:
        indexes = self("vision.deepstack_visual_indexes")
        return 1 + len(indexes) if isinstance(indexes, tuple) else ABSENT

    def _ffn_factors(self) -> tuple[object, ...]:
        blocks = self._config.text().objects("block_configs", len(self._plan.layers))
        return tuple(
            block.required_section("ffn").get("ffn_mult") if layer.ffn.kind != "none" else ABSENT
            for block, layer in zip(blocks, self._plan.layers, strict=True)
        )


_COMPUTED: Mapping[str, Callable[[Quantities], object]] = {
    "plan.layers": lambda q: len(q._plan.layers),
    "plan.hidden": lambda q: q._plan.hidden,
    "plan.vocab": lambda q: q._plan.vocab,
    "plan.mixers": lambda q: tuple(mixer for mixer, _ in q._plan.kinds),
    "plan.ffns": lambda q: tuple(ffn for _, ffn in q._plan.kinds),
    "plan.parts": lambda q: tuple(ffn if mixer == "none" else mixer for mixer, ffn in q._plan.kinds),
    "derived.qk_norm": Quantities._qk_norm,
    "derived.shared_experts": Quantities._shared_experts,
    "derived.one_shared_inner": Quantities._one_shared_inner,
    "derived.leading_dense": Quantities._leading_dense,
    "derived.projector": Quantities._projector,
    "derived.projectors": Quantities._projectors,
    "blocks.heads_in_group": lambda q: q._each(_heads_in_group),
    "blocks.attention_absent": lambda q: q._each(lambda mixer, _: getattr(mixer, "kind", "") == "none"),
    "blocks.ffn_absent": lambda q: q._each(lambda _, ffn: getattr(ffn, "kind", "") == "none"),
    "blocks.ffn_factor": Quantities._ffn_factors,
}


def _heads_in_group(mixer: object, _: object) -> object:
    heads, kv_heads = getattr(mixer, "heads", 0), getattr(mixer, "kv_heads", 0)
    return heads // kv_heads if kv_heads else ABSENT


def _field(section: HFConfig, path: str) -> object:
    value = section.get(path)
    if value is None:
        return ABSENT
    return tuple(value) if isinstance(value, list) else value
