"""Models of the real subject whose builds are changed, so that checks have something to find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.subject_model import SubjectModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, Op

    Change = Callable[[BuildRequest, str, tuple[Op, ...]], Iterable[Op]]
    Rebuild = Callable[[BuildRequest, BuiltModel], BuiltModel]


class ChangedModel(SubjectModel):
    """A model whose builds are changed on the way from the subject."""

    change: Rebuild

    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        """The subject's build, changed."""
        request = request or self.request()
        return self.change(request, super().build(request))


def rebuilt(subject: ModelSubject, name: str, change: Rebuild = lambda _request, built: built) -> ChangedModel:
    """A stored model with a change to its builds; none by default."""
    model = ChangedModel(subject, SubjectModel.load(subject, name).config)
    model.change = change
    return model


def changed(subject: ModelSubject, name: str, change: Change = lambda _request, _phase, ops: ops) -> ChangedModel:
    """A stored model with a change to its ops, phase by phase; none by default."""

    def rebuild(request: BuildRequest, built: BuiltModel) -> BuiltModel:
        return replace(
            built,
            prefill=tuple(change(request, "prefill", built.prefill)),
            decode=tuple(change(request, "decode", built.decode)),
        )

    return rebuilt(subject, name, rebuild)


def each(wanted: str, *, phase: str = "", **fields: object) -> Change:
    """Change fields of every op of that component and part (`dense_ffn.in`), in one phase or both."""

    def change(_request: BuildRequest, here: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (
            replace(op, **fields) if f"{op.component}.{op.part}" == wanted and phase in ("", here) else op  # type: ignore[arg-type] # of the op
            for op in ops
        )

    return change


def scaled(built: BuiltModel, component: str, factor: float) -> BuiltModel:
    """Both phases with the weights of one component multiplied."""
    prefill, decode = (
        tuple(replace(op, weight_bytes=op.weight_bytes * factor) if op.component == component else op for op in ops)
        for ops in (built.prefill, built.decode)
    )
    return replace(built, prefill=prefill, decode=decode)
