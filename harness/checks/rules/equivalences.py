"""Phases 3 and 4: one model asked about in two ways gives one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.config_edits import pattern_fields
from harness.checks.edited_models import difference, edited, same_text, shown, vector
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.checks.subject_model import unlike
from harness.errors import ConfigError
from harness.subjects.api import Capability, Layout
from harness.subjects.models import BACKENDS, BuildRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.edited_models import EditedModels
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan

_TWO_GPUS = Layout(2, 1, 1, 1, 2, 1)


@check("layer_spellings", phase=3, lesson=6, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_layer_spellings(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """The same layers as a list, as an interval or as numbers give the same answer."""
    lab = edited(model)
    tried = 0
    for spelling in pattern_fields().spellings:
        variant = lab.spelled(spelling) if spelling.concerns(lab.plan.architecture) else None
        if variant is None:
            continue
        tried += 1
        said = f"{lab.plan}, told by {spelling.field} as {spelling.form}"
        base = lab.vector(lab.base)
        try:
            moved = difference(lab.vector(variant), base)
        except Exception as error:  # noqa: BLE001 - a spelling that the subject cannot read is what is looked for
            yield Mismatch(spelling.name, "the same answer", f"{type(error).__name__}: {error}", said)
            continue
        if moved:
            yield Mismatch(spelling.name, "the same answer", f"it differs by {shown(moved)}", said)
    if not tried:
        raise SkipCheck("no other spelling of its layers is known")


@check("id_equals_folder", phase=3, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_id_equals_folder(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """A model by its id is the model that its config describes."""
    try:
        by_id = model.subject.parse(model.name)
    except Exception as error:
        raise SkipCheck(f"the subject does not know it by name: {type(error).__name__}") from error
    for name, expected, actual in unlike(model.parsed, by_id):
        yield Mismatch(
            f"parsed.{name}",
            f"as from its config: {expected}",
            str(actual),
            "the same file by its id and by its folder",
        )
    for backend in BACKENDS:
        requests = (BuildRequest(ref, backend) for ref in (model.ref, model.name))
        folder, own = (vector(model.subject.build(request)) for request in requests)
        if difference(own, folder):
            yield Mismatch(
                about=f"ops.{backend}",
                expected="the same ops, datatypes and cache by id and by folder",
                actual=f"by id it differs by {shown(difference(own, folder))}",
                arithmetic="the subject's own config under this id against the stored one",
            )


@check("nested_equals_flat", phase=3, lesson=4, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_nested_equals_flat(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """A text config inside a section and the same fields at the top give the same decoder."""
    lab = edited(model)
    if not lab.section or "." in lab.section:
        raise SkipCheck("its text config is in no section of its own")
    outer = {name: value for name, value in lab.raw.items() if name != lab.section}
    flat = lab.model({**lab.text, **outer})
    yield from _one_decoder(lab, flat, "flat", f"the fields of {lab.section} at the top")


@check("vlm_equals_text_sibling", phase=3, lesson=4, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_vlm_equals_text_sibling(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """A decoder behind a vision tower gives the ops that it gives alone."""
    lab = edited(model)
    names = [each.text for each in pattern_fields().siblings if each.architecture == lab.plan.architecture]
    if not names:
        raise SkipCheck("no architecture is known to have its text decoder alone")
    for name in names:
        outer = {key: lab.raw[key] for key in ("tie_word_embeddings",) if key in lab.raw}
        alone = lab.model({**lab.text, **outer, "architectures": [name]})
        yield from _one_decoder(lab, alone, name, f"{lab.section or 'the config'} alone, as {name}")


def _one_decoder(lab: EditedModels, other: SubjectModel, about: str, what: str) -> Iterator[Mismatch]:
    try:
        alike = same_text(other.plan, lab.plan)
    except ConfigError as error:
        raise SkipCheck(f"{what} cannot be read: {error}") from error
    if not alike:
        raise SkipCheck(f"{what} is another decoder")
    try:
        answer = lab.vector(other)
    except Exception as error:
        raise SkipCheck(f"the subject refuses {what}: {type(error).__name__}: {error}") from error
    try:
        own = lab.vector(lab.base)
    except Exception as error:  # noqa: BLE001 - one form of a decoder is taken and the other is not
        refusal = f"{type(error).__name__}: {error}"
        yield Mismatch(about, "the same ops and cache of the decoder", refusal, f"it takes {what}, not as it is")
        return
    # The encoder is what the other form may well lack.
    moved = {key: value for key, value in difference(answer, own).items() if key[0] != "encoder"}
    if moved:
        yield Mismatch(
            about=about,
            expected="the same ops and cache of the decoder",
            actual=f"alone it differs by {shown(moved)}",
            arithmetic=f"both are {lab.plan}; compared with {what}",
        )


@check("history_independence", phase=4, suite="metamorphic", needs=[Capability.PARSE, Capability.BUILD])
def check_history_independence(model: SubjectModel, _plan: LayerPlan) -> Iterator[Mismatch]:
    """What the subject was asked before changes no answer."""
    subject, ref = model.subject, model.ref
    parsed = subject.parse(ref)
    first = {backend: vector(subject.build(BuildRequest(ref, backend))) for backend in BACKENDS}
    lab = edited(model)
    for backend in BACKENDS:
        subject.build(BuildRequest(ref, backend, precision="bf16"))
        lab.vector(lab.base, backend)
    smaller = lab.arranged(range(len(lab.plan.layers) - 1))
    if smaller is not None:
        lab.vector(smaller)
    if any("moe" in layer.ffn.kind for layer in lab.plan.layers):
        subject.build(BuildRequest(ref, layout=_TWO_GPUS))
    for name, expected, actual in unlike(parsed, subject.parse(ref)):
        yield Mismatch(
            f"parsed.{name}", f"as before: {expected}", str(actual), "parsed, built in other ways, parsed again"
        )
    for backend in reversed(BACKENDS):
        moved = difference(vector(subject.build(BuildRequest(ref, backend))), first[backend])
        if moved:
            yield Mismatch(
                about=f"ops.{backend}",
                expected="the answer it gave before",
                actual=f"it differs by {shown(moved)}",
                arithmetic="built, built in other ways, built again",
            )
