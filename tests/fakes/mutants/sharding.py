"""Mutants of what one GPU of a layout holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.changes import in_ops
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.where import with_component, with_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.api import Layout
    from harness.subjects.models import BuildRequest, BuiltModel, Op
    from tests.fakes.mutants.answering import Answers
    from tests.fakes.mutants.changes import Which


def _held(which: Which, factor: Callable[[Layout], float]) -> Answers:
    """Let some ops hold a multiple of their weights, by the layout."""

    def change(op: Op, layout: Layout) -> Op:
        return replace(op, weight_bytes=op.weight_bytes * factor(layout)) if which(op) else op

    return in_ops(lambda ops, request: tuple(change(op, request.layout) for op in ops))


def _divisible(op: Op) -> bool:
    return op.component == "attention" and op.part == "out" and op.weight_bytes > 0


def _multiplied(built: BuiltModel, request: BuildRequest) -> BuiltModel:
    factor = request.layout.tp**2
    return replace(built, weight_bytes={phase: size * factor for phase, size in built.weight_bytes.items()})


MUTANTS = (
    Mutant(
        id="shard-head-whole",
        mistake="Every tensor-parallel rank holds the whole head.",
        check="sharding",
        answers=_held(lambda op: op.component == "head", lambda layout: layout.tp),
        concerns=lambda model: not model.plan.tied,
    ),
    Mutant(
        id="shard-experts-everywhere",
        mistake="Expert parallelism sends tokens around, but every rank still holds all experts.",
        check="sharding",
        answers=_held(lambda op: op.component == "routed_experts", lambda layout: layout.moe_ep),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="shard-experts-not-cut",
        mistake="Tensor parallelism leaves each expert whole.",
        check="sharding",
        answers=_held(lambda op: op.component == "routed_experts", lambda layout: layout.moe_tp),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="shard-router-divided",
        mistake="The router is divided among the ranks, though each of them routes for itself.",
        check="sharding",
        answers=_held(lambda op: op.component == "router", lambda layout: 1 / layout.tp),
        concerns=with_op(lambda op: op.component == "router"),
    ),
    Mutant(
        id="shard-output-whole",
        mistake="The output projection of attention is not divided.",
        check="sharding",
        answers=_held(_divisible, lambda layout: layout.tp),
        concerns=with_op(_divisible),
    ),
    Mutant(
        id="shard-stages-divide",
        mistake="The weights of the layers are divided by the pipeline stages twice.",
        check="sharding",
        answers=_held(lambda op: op.component != "embedding", lambda layout: 1 / layout.pp),
    ),
    Mutant(
        id="shard-data-parallel-divides",
        mistake="Attention data parallelism is taken to divide the attention weights.",
        check="sharding",
        answers=_held(lambda op: op.component == "attention", lambda layout: 1 / layout.dp),
        concerns=with_component("routed_experts"),
        survives={"*/MiniMax-M3*": "its attention is priced as another kind, so that no share of it can be named"},
    ),
    Mutant(
        id="shard-memory-model-multiplies",
        mistake="The memory model multiplies by the ranks twice, where the ops have divided by them once.",
        check="weights_fall_with_tp",
        answers={"build": _multiplied},
    ),
)
