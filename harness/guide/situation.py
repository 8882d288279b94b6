"""The seed's step 0: which of the three situations a model is in, with the evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.guide.fields import beyond_plain, pattern_spelling
from harness.guide.records import Evidence, Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.checks.subject_model import SubjectModel
    from harness.guide.cover import Family, Kinds


def situation_of(
    model: SubjectModel, known: Sequence[Family], uncertain: tuple[str, ...] = ()
) -> tuple[Situation, tuple[str, ...], Evidence]:
    """Decide by the seed's steps, and say why.

    1. An unknown architecture with a layer kind, or a combination of mixer and feed-forward, that no single family
       prices: S3.
    2. Otherwise, fields beyond those of a plain decoder: S2.
    3. Otherwise: S1.

    Args:
        model: The model.
        known: What each family of the subject covers.
        uncertain: What the config does not say for certain.

    Returns:
        The situation, the reasons in sentences, and the evidence.
    """
    architecture = model.config.architecture
    mapped = model.subject.architectures().get(architecture, "")
    kinds = Counter(model.plan.kinds)
    candidates = [family for family in known if family.name == mapped] if mapped else list(known)
    family = _nearest(candidates, kinds)
    uncovered = tuple(pair for pair in kinds if family is None or pair not in family.kinds)
    evidence = Evidence(
        architecture=architecture,
        mapped=bool(mapped),
        family=mapped or (family.name if family else ""),
        kinds=tuple(kinds.items()),
        uncovered=uncovered,
        extras=beyond_plain(model.config),
        pattern=pattern_spelling(model.config),
        unread=_unread(model) if mapped else (),
        quantization=_quantization(model),
        uncertain=uncertain,
    )
    # A mapped architecture has a family already; what its ops lack is a finding of phase 4.
    if uncovered and not mapped:
        found = Situation.NEW_FAMILY
    elif evidence.extras:
        found = Situation.NEW_FIELDS
    else:
        found = Situation.SAME_OPS
    return found, tuple(_reasons(evidence, found)), evidence


def _nearest(candidates: Sequence[Family], kinds: Counter[Kinds]) -> Family | None:
    """The family that prices most of the layers, if any; the first by name of those that price equally many."""
    priced = {family: sum(kinds[pair] for pair in family.kinds) for family in candidates}
    return max((family for family in candidates if priced[family]), key=priced.__getitem__, default=None)


def _unread(model: SubjectModel) -> tuple[str, ...]:
    """Fields that the reference read, with a value that counts, and the subject did not."""
    try:
        read = model.subject.fields_read(model.config.raw(), model.config.quantization)
    except Exception:  # noqa: BLE001 - a subject that cannot read the config has read nothing that is worth telling
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


def _reasons(evidence: Evidence, found: Situation) -> list[str]:
    name = evidence.architecture
    reasons = [
        f"{name} is mapped to the family {evidence.family}."
        if evidence.mapped
        else f"{name} is not mapped to any family of this release."
    ]
    listed = ", ".join(f"{count} x {mixer}+{ffn}" for (mixer, ffn), count in evidence.kinds)
    shape = "All layers are of one kind" if evidence.uniform else f"Layers are of {len(evidence.kinds)} kinds"
    reasons.append(f"{shape}: {listed}.")
    if evidence.uncovered:
        missing = ", ".join(f"{mixer}+{ffn}" for mixer, ffn in evidence.uncovered)
        whose = f"The family {evidence.family}" if evidence.mapped else "No single family"
        near = f"; {evidence.family} comes nearest" if evidence.family and not evidence.mapped else ""
        reasons.append(f"{whose} has no ops for {missing}{near}.")
    elif not evidence.mapped:
        reasons.append(f"The family {evidence.family} prices every one of these layers.")
    for group, fields in evidence.extras:
        reasons.append(f"Fields beyond the plain decoder, {group}: {', '.join(fields)}.")
    if evidence.unread:
        reasons.append(f"The plan depends on fields that the release never reads: {', '.join(evidence.unread)}.")
    verdict = {
        Situation.SAME_OPS: "So the model fits an existing family with the same ops.",
        Situation.NEW_FIELDS: "So an existing family fits, but its parsing must understand these fields.",
        Situation.NEW_FAMILY: "So a new model class must price what is missing.",
    }
    reasons.append(verdict[found])
    return reasons
