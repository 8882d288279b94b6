"""Which layer kinds each family of the subject prices, found out by building the models that it ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.guide.known_models import known_models
from harness.subjects.models import BuildRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from harness.guide.known_models import Known
    from harness.guide.records import Kinds
    from harness.reference.hf_config import HFConfig
    from harness.subjects.models import BuiltModel, ModelSubject

_PRICED_AS = {"chunked": "window"}
"""Kinds that a subject may price under another name: a chunk is a window that jumps."""
_WHOLE = frozenset({"block_sparse", "short_conv"})
"""Kinds whose names are in two words and mean one mixer; any other such name stands for two side by side."""
_FFN_COMPONENTS = {
    "dense": ("dense_ffn",),
    "moe": ("routed_experts",),
    "latent_moe": ("routed_experts",),
    "dense_moe": ("dense_ffn", "routed_experts"),
    "none": (),
}


@dataclass(frozen=True, slots=True)
class Family:
    """What a family of the subject covers.

    Attributes:
        name: As the subject calls it.
        architectures: Architectures that map to it and that the subject ships a config of.
        kinds: Layers that its ops price.
        model: A model of it that the subject ships: one of exactly the wanted kinds of layers if there is one.
        exact: There is one.
    """

    name: str
    architectures: tuple[str, ...]
    kinds: frozenset[Kinds]
    model: str
    exact: bool


def families(subject: ModelSubject, wanted: Iterable[Kinds], folder: Path | None = None) -> tuple[Family, ...]:
    """Every family that the subject ships a model of with layers of the wanted kinds, by name, and those it covers.

    Args:
        subject: The subject.
        wanted: Kinds of layers that somebody asks about.
        folder: Where stored configs are; the harness's own by default.
    """
    asked = frozenset(wanted)
    found: dict[str, list[tuple[Known, frozenset[Kinds]]]] = {}
    for known in _representatives(subject, asked, folder):
        try:
            built = subject.build(BuildRequest(_ref(subject, known.config), precision="bf16"))
        except Exception:  # noqa: BLE001, S112 - a family that cannot build its own model covers nothing
            continue
        family = subject.architectures()[known.config.architecture]
        found.setdefault(family, []).append((known, priced(built, asked.intersection(known.plan.kinds))))
    return tuple(_family(name, covered, asked) for name, covered in sorted(found.items()))


def _family(name: str, covered: Sequence[tuple[Known, frozenset[Kinds]]], asked: frozenset[Kinds]) -> Family:
    exact = [known for known, _ in covered if asked == set(known.plan.kinds)]
    return Family(
        name=name,
        architectures=tuple(sorted({known.config.architecture for known, _ in covered})),
        kinds=frozenset().union(*(kinds for _, kinds in covered)),
        model=(exact or [known for known, _ in covered])[0].config.model,
        exact=bool(exact),
    )


def priced(built: BuiltModel, kinds: Iterable[Kinds]) -> frozenset[Kinds]:
    """The kinds of layers that a built model has ops for."""
    ops = built.prefill
    components = {op.component for op in ops}
    attention = [op for op in ops if op.component == "attention"]
    # A module that takes a window along, such as DeepSeek-V4's, prices layers that have nothing but the window too.
    mixers = {op.mixer or op.kind.value for op in attention} | {"window" for op in attention if op.window}
    return frozenset(
        (mixer, ffn)
        for mixer, ffn in set(kinds)
        if all(part in mixers or _PRICED_AS.get(part) in mixers for part in _parts(mixer))
        and components.issuperset(_FFN_COMPONENTS.get(ffn, (ffn,)))
    )


def _parts(mixer: str) -> Iterator[str]:
    """A mixer that is two side by side needs both."""
    if mixer != "none":
        yield from (mixer,) if mixer in _WHOLE else mixer.split("_")


def _ref(subject: ModelSubject, config: HFConfig) -> str:
    # A model that is usable by its name needs no copy of a config that may have megabytes.
    usable = config.model in subject.default_models()
    return config.model if usable else subject.reference(config.raw(), config.quantization)


def _representatives(subject: ModelSubject, asked: frozenset[Kinds], folder: Path | None) -> Iterator[Known]:
    """One shipped model of each architecture and each set of kinds of layers, if it has one that is asked about."""
    shipped, mapped = set(subject.bundled_models()), subject.architectures()
    seen = set()
    for known in known_models(folder):
        key = known.config.architecture, frozenset(known.plan.kinds)
        concerned = known.config.model in shipped and key[0] in mapped and not asked.isdisjoint(key[1])
        if concerned and key not in seen:
            seen.add(key)
            yield known
