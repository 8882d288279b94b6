"""Which deployment of a model estimates are asked for, where the subject refuses layouts or lacks data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.checks.estimating import deployed
from harness.checks.records import SkipCheck
from harness.checks.subject_model import SubjectModel
from harness.coordinates import Database
from harness.subjects.api import Failure
from tests.fakes.mutants.answering import changing

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import BuildRequest, BuiltModel, EstimateRequest, ModelSubject

MODEL, WHERE = "deepseek-ai/DeepSeek-R1", Database("h100_sxm", "trtllm", "1.3.0rc23")
"""A model that 16 GPUs hold, so that it has layouts with attention data parallelism and with pipeline stages."""
LACKS = Failure("NoData", ("NoData: no rows",), missing_data=True, log="")
REFUSES = Failure("AssertionError", ("AssertionError: no such layout",), missing_data=False, log="")
BREAKS = Failure("TypeError", ("TypeError: None is no number",), missing_data=False, log="")


class Refusing(SubjectModel):
    """Is built in no layout that a rule names."""

    rule: Callable[[BuildRequest], bool]

    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        request = request or self.request()
        if self.rule(request):
            raise AssertionError("no such layout")
        return super().build(request)


def answering(installed: ModelSubject, rule: Callable[[BuildRequest], bool], answer: Failure) -> ModelSubject:
    def estimate(_answer: object, request: EstimateRequest) -> Failure:
        return answer if rule(request.build) else LACKS

    return changing(installed, {"estimate": estimate})


def asked(installed: ModelSubject, rule: Callable[[BuildRequest], bool]) -> Refusing:
    subject = answering(installed, rule, REFUSES)
    model = Refusing(subject, SubjectModel.load(subject, MODEL).config)
    model.rule = rule
    return model


def test_a_layout_that_is_refused_is_no_error_where_another_lacks_data(installed: ModelSubject) -> None:
    model = asked(installed, lambda build: build.layout.dp > 1)
    with pytest.raises(SkipCheck, match="the subject has no data: NoData: no rows"):
        deployed(model, model.plan, WHERE)


def test_a_layout_that_is_built_and_refused_when_asked_for_an_estimate_is_no_error_either(
    installed: ModelSubject,
) -> None:
    model = SubjectModel.load(answering(installed, lambda build: build.layout.dp > 1, REFUSES), MODEL)
    with pytest.raises(SkipCheck, match="the subject has no data: NoData: no rows"):
        deployed(model, model.plan, WHERE)


def test_a_layout_over_which_the_subject_breaks_is_an_error_wherever_others_lack_data(installed: ModelSubject) -> None:
    model = SubjectModel.load(answering(installed, lambda build: build.layout.dp > 1, BREAKS), MODEL)
    found = deployed(model, model.plan, WHERE)
    assert found.ask(found.request(batch=8, isl=1024, osl=128)) == BREAKS


def test_a_model_that_is_refused_in_every_layout_that_holds_it_is_asked_about(installed: ModelSubject) -> None:
    model = asked(installed, lambda build: build.layout.gpus > 1)
    found = deployed(model, model.plan, WHERE)
    assert found.ask(found.request(batch=8, isl=1024, osl=128)) == REFUSES


def test_a_model_that_is_built_nowhere_is_left_to_the_check_of_registration(installed: ModelSubject) -> None:
    model = asked(installed, lambda _: True)
    with pytest.raises(SkipCheck, match="builds it on no backend: tp1: AssertionError: no such layout"):
        deployed(model, model.plan, WHERE)
