"""Models of the real subject whose builds are changed, so that checks have something to find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.checks.subject_model import SubjectModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.subjects.models import BuildRequest, BuiltModel, ModelSubject, Op

    Change = Callable[[BuildRequest, str, tuple[Op, ...]], Iterable[Op]]


class ChangedModel(SubjectModel):
    """A model whose ops are changed on the way from the subject: by the request, phase by phase."""

    change: Change

    def build(self, request: BuildRequest | None = None) -> BuiltModel:
        """The subject's build with its ops changed."""
        request = request or self.request()
        built = super().build(request)
        return replace(
            built,
            prefill=tuple(self.change(request, "prefill", built.prefill)),
            decode=tuple(self.change(request, "decode", built.decode)),
        )


def changed(subject: ModelSubject, name: str, change: Change = lambda _request, _phase, ops: ops) -> ChangedModel:
    """A stored model with a change; none by default."""
    model = ChangedModel(subject, SubjectModel.load(subject, name).config)
    model.change = change
    return model


def each(wanted: str, *, phase: str = "", **fields: object) -> Change:
    """Change fields of every op of that component and part (`dense_ffn.in`), in one phase or both."""

    def change(_request: BuildRequest, here: str, ops: tuple[Op, ...]) -> Iterable[Op]:
        return (
            replace(op, **fields) if f"{op.component}.{op.part}" == wanted and phase in ("", here) else op  # type: ignore[arg-type] # of the op
            for op in ops
        )

    return change
