"""The seed's step 0: which of the three situations a model is in, with the evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.checks.subject_model import SubjectModel
from harness.errors import HarnessError
from harness.guide.cover import families, priced
from harness.guide.fields import beyond_plain, pattern_spelling
from harness.guide.nearest import nearest
from harness.guide.records import Evidence, Situation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.guide.cover import Family
    from harness.guide.nearest import Neighbour
    from harness.guide.records import Kinds

_NAMED = 3
"""How many architectures that come near are named."""
_VERDICTS = {
    Situation.SAME_OPS: "So the model fits an existing family with the same ops (S1).",
    Situation.NEW_FIELDS: "So an existing family fits, and its parsing must understand these fields (S2).",
    Situation.NEW_FAMILY: "So a new family with a model class of its own must price what is missing (S3).",
}


def situation_of(
    model: SubjectModel, uncertain: tuple[str, ...] = (), folder: Path | None = None
) -> tuple[Situation, tuple[str, ...], Evidence]:
    """Decide by the seed's steps, and say why.

    1. An unknown architecture with a layer kind, or a combination of mixer and feed-forward, that no single family
       prices: S3.
    2. Otherwise, fields beyond those of a plain decoder: S2.
    3. Otherwise: S1.

    A mapped architecture has a family already; what its ops lack is a finding of phase 4.

    Args:
        model: The model.
        uncertain: What the config does not say for certain.
        folder: Where stored configs are, from which it is seen what families cover; the harness's own by default.

    Returns:
        The situation, the reasons in sentences, and the evidence.
    """
    evidence = _evidence(model, uncertain, folder)
    if evidence.uncovered and not evidence.mapped:
        found = Situation.NEW_FAMILY
    elif evidence.extras:
        found = Situation.NEW_FIELDS
    else:
        found = Situation.SAME_OPS
    return found, (*_reasons(evidence), _VERDICTS[found]), evidence


def _evidence(model: SubjectModel, uncertain: tuple[str, ...], folder: Path | None) -> Evidence:
    architecture, kinds = model.config.architecture, Counter(model.plan.kinds)
    family = model.subject.architectures().get(architecture, "")
    refusal = unlike = ""
    neighbours: tuple[Neighbour, ...] = ()
    if family:
        covered, refusal = _own_cover(model)
    else:
        neighbours = nearest(model.config, model.plan, folder)
        nested = bool(model.config.text().path)
        # A plain model does not belong to a family of wrappers that prices the same layers.
        alike = [each.architecture for each in sorted(neighbours, key=lambda each: each.nested != nested)]
        found = _closest(families(model.subject, kinds, folder), kinds, alike)
        family, covered = (found.name, found.kinds) if found else ("", frozenset())
        unlike = _taken_otherwise(model, found, folder) if found else ""
    mapped = architecture in model.subject.architectures()
    return Evidence(
        architecture=architecture,
        mapped=mapped,
        family=family,
        kinds=tuple(kinds.items()),
        uncovered=tuple(pair for pair in kinds if pair not in covered),
        extras=beyond_plain(model.config),
        pattern=pattern_spelling(model.config),
        unread=_unread(model) if mapped else (),
        quantization=_quantization(model),
        refusal=refusal,
        uncertain=uncertain,
        neighbours=neighbours[:_NAMED],
        unlike=unlike,
    )


def _own_cover(model: SubjectModel) -> tuple[frozenset[Kinds], str]:
    """Kinds of its own layers that the subject prices, and what it raises instead of building the model."""
    try:
        return priced(model.build(), model.plan.kinds), ""
    except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
        return frozenset(), f"{type(error).__name__}: {error}"


def _closest(candidates: Sequence[Family], kinds: Counter[Kinds], alike: Sequence[str]) -> Family | None:
    """The family that prices most of the layers, if any.

    Of those that price equally many, one that has a model of just these kinds, and of those the one with the
    architecture that comes first in `alike`.
    """

    def rank(family: Family) -> tuple[int, bool, int]:
        places = [alike.index(name) for name in family.architectures if name in alike]
        return sum(kinds[pair] for pair in family.kinds), family.exact, -min(places, default=len(alike))

    return max((family for family in candidates if not kinds.keys().isdisjoint(family.kinds)), key=rank, default=None)


def _taken_otherwise(model: SubjectModel, family: Family, folder: Path | None) -> str:
    """A model of the family whose answer to `check_is_moe` would be wrong here; empty if it would be right."""
    try:
        same = SubjectModel.load(model.subject, family.model, folder).is_moe == model.plan.is_moe
    except Exception:  # noqa: BLE001 - a family without an answer has no wrong one
        return ""
    return "" if same else family.model


def _unread(model: SubjectModel) -> tuple[str, ...]:
    """Fields that the reference read, with a value that counts, and the subject did not."""
    try:
        read = model.subject.fields_read(model.config.raw(), model.config.quantization)
    except Exception:  # noqa: BLE001 - what a subject read of a config that it refuses says nothing
        return ()
    text = model.config.text()
    prefix = f"{text.path}." if text.path else ""
    ours = (field for field in text.fields() if field in text.read_fields() and text.get(field))
    return tuple(f"{prefix}{field}" for field in ours if f"{prefix}{field}" not in read)


def _quantization(model: SubjectModel) -> str:
    try:
        return model.quantization.default.name
    except HarnessError as error:
        return f"unknown: {error}"


def _reasons(evidence: Evidence) -> Iterator[str]:
    name, family = evidence.architecture, evidence.family
    if evidence.mapped:
        yield f"{name} is mapped to the family {family}."
    else:
        yield f"{name} is not mapped to any family of this release."
    shape = "All layers are of one kind" if evidence.uniform else f"Layers are of {len(evidence.kinds)} kinds"
    yield f"{shape}: {evidence.layers}."
    if evidence.refusal:
        yield f"The release refuses to build it: {evidence.refusal}"
    elif evidence.uncovered:
        missing = ", ".join(f"{mixer}+{ffn}" for mixer, ffn in evidence.uncovered)
        if evidence.mapped:
            yield f"The family {family} has no ops for {missing}, which phase 4 judges."
        else:
            near = f"{family} comes nearest and lacks {missing}" if family else f"none has ops for {missing}"
            yield f"No single family prices all of these layers: {near}."
    else:
        yield f"The family {family} prices every one of these layers."
    if evidence.unlike:
        taken, is_one = ("dense", "has experts") if evidence.is_moe else ("a mixture of experts", "has none")
        yield (
            f"The release takes {evidence.unlike} of that family for {taken}, and this model {is_one}: "
            "check_is_moe must tell them apart."
        )
    if not evidence.extras:
        yield "It needs no field beyond those of a plain decoder."
    for group, fields in evidence.extras.items():
        yield f"Fields beyond the plain decoder, {group}: {', '.join(fields)}."
    if evidence.pattern:
        yield f"Which layer is of which kind is told by a {evidence.pattern}."
    yield f"The checkpoint is stored as {evidence.quantization}."
    if evidence.unread:
        yield f"The plan depends on fields that the release never reads: {', '.join(evidence.unread)}."
