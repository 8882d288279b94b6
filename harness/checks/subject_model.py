"""One model as checks see it: the config and its reading beside what the subject makes of it, each computed once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

from harness.checks.records import SkipCheck
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.hf_config import HFConfig
from harness.subjects.models import BACKENDS, BuildRequest, BuiltModel, EstimateRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.coordinates import Database
    from harness.reference.counting.quantization import Quantization
    from harness.reference.layers import LayerPlan
    from harness.subjects.api import DataMode, Failure, Layout
    from harness.subjects.models import Estimate, ModelSubject, ParsedConfig, Precision


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the subject raises instead of building: a layout that divides a model need not be one that it prices."""

    request: BuildRequest
    reason: str


def unlike(first: ParsedConfig, second: ParsedConfig) -> Iterator[tuple[str, object, object]]:
    """Fields that two readings of a config differ in, with the value of each."""
    for field in fields(first):
        values = getattr(first, field.name), getattr(second, field.name)
        if values[0] != values[1]:
            yield field.name, *values


class SubjectModel:
    """A config and a subject that is asked about it.

    Args:
        subject: The subject.
        config: The model's config.
        plan: How the config is read, where no recipe reads it.
    """

    def __init__(self, subject: ModelSubject, config: HFConfig, plan: LayerPlan | None = None) -> None:
        self.subject, self.config, self._plan = subject, config, plan
        self._built: dict[BuildRequest, BuiltModel] = {}

    @classmethod
    def load(cls, subject: ModelSubject, model_or_path: str, folder: Path | None = None) -> SubjectModel:
        """Load a config file, a folder or a stored model.

        Raises:
            ConfigError: There is no such config, or it cannot be read.
        """
        return cls(subject, HFConfig.load(model_or_path, folder))

    @property
    def name(self) -> str:
        """HuggingFace id where it is known, else the path."""
        return self.config.model

    @cached_property
    def plan(self) -> LayerPlan:
        """The reference's reading.

        Raises:
            ConfigError: No recipe reads it.
        """
        return self._plan or plan_for(self.config)

    @cached_property
    def quantization(self) -> Quantization:
        """How the checkpoint stores its weights."""
        return quantization_of(self.config)

    @cached_property
    def ref(self) -> str:
        """How the subject names the model: the very config, handed over as a folder."""
        return self.subject.reference(self.config.raw(), self.config.quantization)

    @cached_property
    def parsed(self) -> ParsedConfig:
        """The subject's reading of the config."""
        return self.subject.parse(self.ref)

    @cached_property
    def foreign(self) -> bool:
        """The subject maps its architecture to no family and lists it nowhere: a release is older than some models."""
        subject = self.subject
        if self.config.architecture in subject.architectures():
            return False
        return not any(self.name in listed for listed in (subject.bundled_models(), subject.default_models()))

    @cached_property
    def refused(self) -> str:
        """What the subject raises instead of building it on one GPU; empty if it builds on some backend."""
        said = [self.attempt(self.request(backend=backend, precision="checkpoint")) for backend in BACKENDS]
        refusals = [each.reason for each in said if isinstance(each, Refusal)]
        return refusals[0] if len(refusals) == len(BACKENDS) else ""

    @cached_property
    def is_moe(self) -> bool:
        """Whether the subject takes it for a mixture of experts."""
        return self.subject.is_moe(self.ref)

    def request(
        self,
        layout: Layout | None = None,
        *,
        backend: str = "trtllm",
        precision: Precision = "bf16",
        nextn: int = 0,
    ) -> BuildRequest:
        """A build of this model; one GPU and 16 bits unless told otherwise."""
        fields = {"backend": backend, "precision": precision, "nextn": nextn}
        return BuildRequest(self.ref, **(fields | ({"layout": layout} if layout else {})))  # type: ignore[arg-type]

    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        """The subject's model; each request is built once."""
        request = request or self.request()
        if request not in self._built:
            self._built[request] = self.subject.build(request)
        return self._built[request]

    def attempt(self, request: BuildRequest) -> BuiltModel | Refusal:
        """The subject's model, or what it raises, for requests that it may well refuse."""
        try:
            return self.build(request)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
            return Refusal(request, f"{request.layout}: {type(error).__name__}: {error}")

    def offered(self, request: BuildRequest) -> BuiltModel:
        """The subject's model, for requests that it may refuse without being wrong.

        Raises:
            SkipCheck: It refuses.
        """
        built = self.attempt(request)
        if isinstance(built, Refusal):
            raise SkipCheck(f"the subject refuses {built.reason}")
        return built

    def estimate(self, build: BuildRequest, database: Database, **fields: int | DataMode) -> Estimate | Failure:
        """The subject's estimate; fields are those of `EstimateRequest`."""
        return self.subject.estimate(EstimateRequest(build, database, **fields))  # type: ignore[arg-type]

    def build_snippet(self, request: BuildRequest, *names: str) -> str:
        """Python that prints some ops with the subject alone."""
        return self.subject.build_snippet(request, self.name, names)

    def parse_snippet(self) -> str:
        """Python that prints the subject's reading with the subject alone."""
        return self.subject.parse_snippet(self.name)
