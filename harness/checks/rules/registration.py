"""Phase 2: whether architectures, families, models and parameters are registered where others look for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.records import Mismatch, Scope, SkipCheck
from harness.checks.registry import check
from harness.subjects.api import Capability
from harness.subjects.models import BACKENDS, BuildRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import ModelSubject


def _refusal(ask: Callable[[], object]) -> str:
    """What the subject raises; empty if it answers."""
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever the subject raises is the finding
        return f"{type(error).__name__}: {error}"
    return ""


@check("registered", phase=2, suite="registration", needs=[Capability.PARSE, Capability.BUILD])
def check_registered(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """The architecture maps to a declared family, which builds on every backend."""
    subject = model.subject
    family = subject.architectures().get(plan.architecture)
    if family is None:
        expected = f"{plan.architecture} among the architectures"
        yield Mismatch("architecture", expected, "not there", "the config declares it", model.parse_snippet())
        return
    if family not in subject.families():
        yield Mismatch("family", f"{family} among the families", "not there", f"{plan.architecture} maps to it")
    for backend in BACKENDS:
        request = model.request(backend=backend, precision="checkpoint")
        if refusal := _refusal(lambda request=request: model.build(request)):  # type: ignore[misc]
            snippet = model.build_snippet(request)
            yield Mismatch(f"build.{backend}", "a model", refusal, f"one GPU, backend {backend}", snippet)


@check("usable_by_name", phase=2, suite="registration", needs=[Capability.PARSE, Capability.BUILD])
def check_usable_by_name(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:  # noqa: ARG001 - a check's shape
    """A model whose config the subject ships is listed and works by its id, and reads as the same config elsewhere."""
    subject, name = model.subject, model.name
    if name not in subject.bundled_models():
        raise SkipCheck(f"the subject ships no config of {name}")
    shipped = "its config lies in the package"
    if name not in subject.default_models():
        yield Mismatch("default_models", f"{name} in the list", "not there", shipped)
    for about, ask in (
        ("parse", lambda: subject.parse(name)),
        ("build", lambda: subject.build(BuildRequest(name))),
    ):
        if refusal := _refusal(ask):
            yield Mismatch(about, "an answer without a network", refusal, shipped, model.parse_snippet())
        elif about == "parse" and ask() != model.parsed:
            yield Mismatch("content", repr(model.parsed)[:300], repr(ask())[:300], "the same config from a folder")


@check("parameters_frozen", phase=2, lesson=1, suite="registration", needs=[Capability.PARSE])
def check_parameters_frozen(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """The family's own parameters are a frozen dataclass: every caller is given the same object."""
    parsed = model.parsed
    if parsed.extra_frozen is False:
        why = f"{plan.architecture}: {', '.join(name for name, _ in parsed.extra)}"
        expected, actual = "a frozen dataclass", f"a changeable {parsed.extra_type}"
        yield Mismatch(parsed.extra_type, expected, actual, why, model.parse_snippet())


@check("families_complete", phase=2, suite="registration", needs=[Capability.PARSE], scope=Scope.RELEASE)
def check_families_complete(subject: ModelSubject) -> Iterator[Mismatch]:
    """Every declared family has an architecture, and every architecture's family is declared."""
    mapped = subject.architectures()
    for family in sorted(subject.families() - set(mapped.values())):
        yield Mismatch(f"family.{family}", "an architecture that maps to it", "none", "it is declared as a family")
    for architecture, family in mapped.items():
        if family not in subject.families():
            about = f"architecture.{architecture}"
            yield Mismatch(about, f"{family} among the families", "not there", f"{architecture} maps to {family}")


@check("model_lists", phase=2, suite="registration", needs=[Capability.PARSE], scope=Scope.RELEASE)
def check_model_lists(subject: ModelSubject) -> Iterator[Mismatch]:
    """Every model of the support matrix is usable by name, and every model usable by name has a shipped config."""
    listed = subject.default_models()
    for model in sorted({*subject.roster()} - listed):
        yield Mismatch(f"roster.{model}", "among the models usable by name", "not there", "the matrix lists it")
    for model in sorted(listed - {*subject.bundled_models()}):
        yield Mismatch(f"default.{model}", "a shipped config", "none", "it is listed as usable by name")
