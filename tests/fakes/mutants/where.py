"""Which models a mutant concerns, by the reference's reading of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reference.mixers import Attention

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import Op

    Where = Callable[[SubjectModel], bool]


def mixers(model: SubjectModel) -> set[str]:
    """Kinds of mixers."""
    return {mixer for mixer, _ in model.plan.kinds}


def ffns(model: SubjectModel) -> set[str]:
    """Kinds of feed-forwards."""
    return {ffn for _, ffn in model.plan.kinds}


def components(model: SubjectModel) -> set[str]:
    """Components that hold weights."""
    plan = model.plan
    return {weight.component for _, _, weights in plan.distinct for weight in weights} | {
        weight.component for weight in plan.ends
    }


def with_mixer(*kinds: str) -> Where:
    """Models with a layer of one of these mixers."""
    return lambda model: bool(mixers(model) & set(kinds))


def with_component(*names: str) -> Where:
    """Models with weights in one of these components."""
    return lambda model: bool(components(model) & set(names))


def declared(*architectures: str) -> Where:
    """Models of these architectures, for a bug that sits in the code of one family."""
    return lambda model: model.plan.architecture in architectures


def both(*conditions: Where) -> Where:
    """Models on which all of these hold."""
    return lambda model: all(condition(model) for condition in conditions)


def hybrid(model: SubjectModel) -> bool:
    """Models with mixers of several kinds."""
    return len(mixers(model)) > 1


def with_op(which: Callable[[Op], bool]) -> Where:
    """Models of which the right subject has such an op in prefill."""
    return lambda model: any(which(op) for op in model.build().prefill)


def by_head(model: SubjectModel) -> bool:
    """Models whose attention keeps keys and values by head."""
    return any(isinstance(layer.mixer, Attention) for layer in model.plan.layers)
