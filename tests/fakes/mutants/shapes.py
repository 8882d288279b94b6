"""Mutants of the sizes of ops, of what GPUs exchange, and of multi-token prediction: lesson 5."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.changes import counted, each, in_ops, of, tall, twice, without
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import everywhere
from tests.fakes.mutants.parsing import in_parameters
from tests.fakes.mutants.where import declared, with_component, with_op

if TYPE_CHECKING:
    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import BuildRequest, BuiltModel, Op


def _drafts(model: SubjectModel) -> bool:
    return any(tower.component == "mtp" for tower in model.plan.towers)


def _counted_drafts(model: SubjectModel) -> bool:
    return any(tower.component == "mtp" and tower.parameters for tower in model.plan.towers)


def _refusing(nextn: int, _: int) -> float:
    assert nextn == 0, "no prediction for this family"
    return 1.0


def _heavier_by_layer(built: BuiltModel, request: BuildRequest) -> BuiltModel:
    layers = max(op.count for op in built.prefill)
    factor = 1 + request.nextn / layers
    return replace(built, weight_bytes={phase: size * factor for phase, size in built.weight_bytes.items()})


def _kernel(op: Op) -> bool:
    return op.component == "attention" and op.part == "core" and op.heads > 0


def _summing(op: Op) -> bool:
    return op.collectives > 0 and op.part != "embedding"


def _qkv(op: Op) -> bool:
    return op.component == "attention" and op.part == "qkv"


_DENSE_GEMMA = "nvidia/Gemma-4-31B-IT-NVFP4"
_MAVERICK = "meta-llama/Llama-4-Maverick-17B-128E-Instruct"
_MASKED = "its heads are wrong on one GPU already, and what is wrong there is not looked at on more"

MUTANTS = (
    Mutant(
        id="width-heads-whole",
        mistake="The attention kernel of a rank is given all heads.",
        check="op_widths",
        answers=in_ops(
            lambda ops, request: tuple(
                replace(op, heads=op.heads * request.layout.tp) if _kernel(op) else op for op in ops
            )
        ),
        concerns=with_op(_kernel),
        survives=dict.fromkeys(("moonshotai/Kimi-K2*", "nvidia/Kimi-K2*"), _MASKED),
    ),
    Mutant(
        id="width-window-doubled",
        mistake="The window counts tokens on both sides and comes out twice as wide.",
        check="op_widths",
        answers=each(lambda op: op.window > 0, lambda op: replace(op, window=op.window * 2)),
        concerns=with_op(lambda op: op.window > 0),
    ),
    Mutant(
        id="width-window-ignored",
        mistake="Layers with a window are built with the op of full attention.",
        check="layer_counts",
        lesson=2,
        answers=each(lambda op: op.window > 0, lambda op: replace(op, window=0, mixer="full")),
        concerns=with_op(lambda op: op.window > 0),
    ),
    Mutant(
        id="width-qkv-of-all-heads",
        mistake="Keys and values are projected for every query head, as before grouped queries.",
        check="op_widths",
        answers=each(_qkv, lambda op: tall(op, op.rows + 2 * op.columns)),
        concerns=with_op(_qkv),
    ),
    Mutant(
        id="width-expert-doubled",
        mistake="The width of an expert is that of gate and up projection together.",
        check="op_widths",
        answers=each(lambda op: op.inner > 0, lambda op: replace(op, inner=op.inner * 2)),
        concerns=with_op(lambda op: op.component == "routed_experts" and op.inner > 0),
    ),
    Mutant(
        id="width-top-one",
        mistake="Every token is sent to one expert.",
        check="op_widths",
        answers=each(lambda op: op.top > 1, lambda op: replace(op, top=1)),
        concerns=with_op(lambda op: op.component == "routed_experts" and op.top > 1),
    ),
    Mutant(
        id="width-second-geometry",
        mistake="The second set of head sizes is not read: windows get the sizes of full attention.",
        check="op_widths",
        lesson=2,
        patch=in_parameters(lambda _: 0, "swa_num_kv_heads"),
        concerns=declared("MiMoV2FlashForCausalLM"),
    ),
    Mutant(
        id="exchange-missing",
        mistake="Nothing is summed over the tensor-parallel ranks.",
        check="tensor_collectives",
        answers=each(_summing, lambda op: replace(op, collectives=0)),
        besides={_DENSE_GEMMA: "the release charges it no sum at all"},
    ),
    Mutant(
        id="exchange-twice",
        mistake="An explicit all-reduce is added behind ops that reduce already.",
        check="tensor_collectives",
        answers=twice(_summing),
        besides={
            _DENSE_GEMMA: "the release charges it no sum at all",
            _MAVERICK: "the release charges half of the sums, so that the bug mends it",
        },
    ),
    Mutant(
        id="exchange-embedding-missing",
        mistake="The table is divided among the ranks, but what they look up is not put together.",
        check="tensor_collectives",
        answers=without(lambda op: op.part == "embedding" and op.kind == "all_reduce"),
        concerns=with_op(lambda op: op.part == "embedding" and op.kind == "all_reduce"),
    ),
    Mutant(
        id="exchange-no-way-back",
        mistake="Tokens are sent to the experts, but not back.",
        check="expert_exchanges",
        answers=without(lambda op: op.kind == "dispatch" and "post" in op.name),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="mtp-factor-missing",
        mistake="The scale factor of multi-token prediction is not applied.",
        check="mtp_counts",
        lesson=5,
        patch=everywhere("mtp_scale_factor", lambda *_: 1.0),
        concerns=_drafts,
    ),
    Mutant(
        id="mtp-factor-of-drafts",
        mistake="Each draft is taken to run the whole model once more.",
        check="mtp_counts",
        lesson=5,
        patch=everywhere("mtp_scale_factor", lambda nextn, _: 1.0 + nextn),
        concerns=_drafts,
    ),
    Mutant(
        id="mtp-asserted-away",
        mistake="assert nextn == 0 is left in the model class of another family.",
        check="mtp_counts",
        lesson=5,
        patch=everywhere("mtp_scale_factor", _refusing),
        concerns=_drafts,
        crashes=True,
    ),
    Mutant(
        id="mtp-head-forgotten",
        mistake="The head is left out of the scaling.",
        check="mtp_counts",
        lesson=5,
        answers=each(of("head"), lambda op: counted(op, 1), ["decode"]),
        concerns=_drafts,
    ),
    Mutant(
        id="mtp-average-layer",
        mistake="A prediction block is taken to weigh what a layer weighs on average, embedding and head included.",
        check="mtp_weights",
        lesson=5,
        answers={"build": _heavier_by_layer},
        concerns=_counted_drafts,
    ),
)
