"""Changed answers: what a mutant makes of the ops, the cache and the fields that the subject gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.subjects.models import BuildRequest, BuiltModel, Op, ParsedConfig
    from tests.fakes.mutants.answering import Answers

    Ops = tuple[Op, ...]
    Which = Callable[[Op], bool]
    OpsChange = Callable[[Ops, BuildRequest], Ops]

PHASES = ("prefill", "decode")


def in_ops(change: OpsChange, phases: Iterable[str] = PHASES) -> Answers:
    """Change the ops of some phases; the weights that the subject adds up follow."""

    def build(built: BuiltModel, request: BuildRequest) -> BuiltModel:
        weights = dict(built.weight_bytes)
        fields = {}
        for phase in phases:
            before: Ops = getattr(built, phase)
            after = change(before, request)
            weights[phase] += _weight(after) - _weight(before)
            fields[phase] = after
        return replace(built, weight_bytes=weights, **fields)  # type: ignore[arg-type]

    return {"build": build}


def each(which: Which, change: Callable[[Op], Op], phases: Iterable[str] = PHASES) -> Answers:
    """Change some ops one by one."""
    return in_ops(lambda ops, _: tuple(change(op) if which(op) else op for op in ops), phases)


def without(which: Which, phases: Iterable[str] = PHASES) -> Answers:
    """Leave some ops out."""
    return in_ops(lambda ops, _: tuple(op for op in ops if not which(op)), phases)


def twice(which: Which, phases: Iterable[str] = PHASES) -> Answers:
    """List some ops twice."""
    return in_ops(lambda ops, _: tuple(copy for op in ops for copy in ((op, op) if which(op) else (op,))), phases)


def counted(op: Op, count: float) -> Op:
    """The op in another number of layers."""
    return replace(op, count=count, weight_bytes=op.weight_bytes * count / op.count if op.count else 0.0)


def tall(op: Op, rows: int) -> Op:
    """The GEMM or table with another number of rows."""
    return replace(op, rows=rows, weight_bytes=op.weight_bytes * rows / op.rows if op.rows else 0.0)


def in_cache(change: Callable[[dict[int, float], BuildRequest], dict[int, float]]) -> Answers:
    """Change what a sequence keeps, by its length."""
    return {
        "build": lambda built, request: replace(built, cache_bytes=change(dict(built.cache_bytes), request)),
    }


def in_parsed(change: Callable[[ParsedConfig], ParsedConfig]) -> Answers:
    """Change how a config is read."""
    return {"parse": lambda parsed, _: change(parsed)}


def of(*components: str) -> Which:
    """Ops of some components."""
    return lambda op: op.component in components


def _weight(ops: Ops) -> float:
    return sum(op.weight_bytes for op in ops if not op.alternative)
