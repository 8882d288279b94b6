"""Mutants of the bytes that weights take on one GPU, in both phases and in the checkpoint's datatypes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.reference.counting.parameters import decoder_weights
from tests.fakes.mutants.changes import each, in_ops, of, tall, without
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import everywhere, wrapped
from tests.fakes.mutants.where import both, with_component, with_mixer, with_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import BuildRequest, BuiltModel, Op
    from tests.fakes.mutants.answering import Answers
    from tests.fakes.mutants.changes import Which
    from tests.fakes.mutants.where import Where


def _of_part(component: str, *parts: str) -> Which:
    return lambda op: op.component == component and op.part in parts


def _heavier(op: Op) -> Op:
    return replace(op, weight_bytes=op.weight_bytes * 2)


def _priced(component: str, *parts: str) -> Where:
    """Models whose ops hold weights of a component."""
    return with_op(lambda op: op.component == component and op.weight_bytes > 0 and (not parts or op.part in parts))


def _scaled_total(built: BuiltModel, _: BuildRequest) -> BuiltModel:
    head = sum(op.weight_bytes for op in built.decode if op.component == "head")
    return replace(built, weight_bytes=dict(built.weight_bytes) | {"decode": built.weight_bytes["decode"] - head})


def _times(op: Op, factor: float) -> Op:
    return replace(op, weight_bytes=op.weight_bytes * factor)


def _bits(factor: float, *precisions: str) -> Answers:
    """Let weights of some datatypes take more or fewer bits."""
    return each(lambda op: op.precision in precisions, lambda op: _times(op, factor))


def _checkpoint_in(*precisions: str) -> Where:
    """Models of which the right subject holds weights in one of these datatypes."""

    def where(model: SubjectModel) -> bool:
        ops = model.build(model.request(precision="checkpoint")).prefill
        return any(op.precision in precisions and op.weight_bytes for op in ops)

    return where


def _as_fp8(real: Callable[[object], str | None], value: object) -> str | None:
    name = real(value)
    return "fp8" if name == "nvfp4" else name


def _some_attention_wide(model: SubjectModel) -> bool:
    """The checkpoint leaves some projection of its attention in 16 bits."""
    return any(
        weight.matmul
        and weight.component.startswith("attention.")
        and model.quantization.scheme_of(layer, weight) is None
        for layer, weight in decoder_weights(model.plan)
    )


_MIXED = ("nvidia/DeepSeek-V4-Flash-NVFP4", "nvidia/DeepSeek-V4-Pro-NVFP4", "nvidia/MiniMax-M3-NVFP4")
_NVFP4 = ("nvfp4",)
_FP8 = ("fp8", "fp8_static", "fp8_block")
_FOUR = ("int4_wo", "w4a16_mxfp4", "w4afp8", "w4a8_mxfp4_mxfp8")


MUTANTS = (
    Mutant(
        id="weights-tied-head-twice",
        mistake="tie_word_embeddings is not read, so that the one table is held as embedding and as head.",
        check="weights",
        mends=each(of("head"), lambda op: replace(op, weight_bytes=0.0)),
        concerns=lambda model: model.plan.tied,
    ),
    Mutant(
        id="weights-no-embedding",
        mistake="The embedding is a look-up that takes no time, so that nobody counted its table.",
        check="weights",
        answers=each(of("embedding"), lambda op: replace(op, weight_bytes=0.0)),
    ),
    Mutant(
        id="weights-no-shared-expert",
        mistake="The shared expert of every MoE layer is left out.",
        check="weights",
        answers=without(of("shared_experts")),
        concerns=_priced("shared_experts"),
    ),
    Mutant(
        id="weights-no-gate-matrix",
        mistake="A gated feed-forward is counted with two matrices instead of three.",
        check="weights",
        answers=each(_of_part("dense_ffn", "in"), lambda op: tall(op, op.rows // 2)),
        concerns=_priced("dense_ffn", "in"),
    ),
    Mutant(
        id="weights-one-expert-less",
        mistake="One routed expert less is counted, for the shared one was taken to be among them.",
        check="weights",
        answers=each(
            of("routed_experts"),
            lambda op: replace(op, weight_bytes=op.weight_bytes * (op.experts - 1) / op.experts) if op.experts else op,
        ),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="weights-top-experts-only",
        mistake="Only the experts that one token is sent to are counted, not all that are stored.",
        check="weights",
        answers=each(
            of("routed_experts"),
            lambda op: replace(op, weight_bytes=op.weight_bytes * op.top / op.experts) if op.experts else op,
        ),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="weights-no-latent",
        mistake="The projections into the experts' narrower space are left out.",
        check="weights",
        answers=without(_of_part("routed_experts", "latent_in", "latent_out")),
        concerns=_priced("routed_experts", "latent_in"),
    ),
    Mutant(
        id="weights-wide-router",
        mistake="The router is stored in 32 bits.",
        check="weights",
        answers=each(of("router"), _heavier),
        concerns=_priced("router"),
    ),
    Mutant(
        id="weights-output-square",
        mistake="The output projection is taken to be as wide as the residual stream on both sides.",
        check="weights",
        answers=each(
            lambda op: op.component == "attention" and op.part == "out" and op.columns > 0,
            lambda op: replace(op, columns=op.rows, weight_bytes=op.weight_bytes * op.rows / op.columns),
        ),
        concerns=with_op(lambda op: op.component == "attention" and op.part == "out" and op.columns != op.rows),
    ),
    Mutant(
        id="weights-decode-without-table",
        mistake="The decode worker is thought to need no embedding.",
        check="weights_prefill_equals_decode",
        answers=without(of("embedding"), ["decode"]),
    ),
    Mutant(
        id="weights-sum-without-head",
        mistake="The memory model adds up the layers and forgets the head.",
        check="weights_prefill_equals_decode",
        answers={"build": _scaled_total},
    ),
    Mutant(
        id="bits-nvfp4-no-scales",
        mistake="NVFP4 is counted with 4 bits a weight, without the fp8 scale of every 16 weights.",
        check="quantized_bytes",
        answers=_bits(0.5 / 0.5625, *_NVFP4),
        concerns=_checkpoint_in(*_NVFP4),
    ),
    Mutant(
        id="bits-named-nvfp4-no-scales",
        mistake="NVFP4 that the user names is counted with 4 bits a weight, without the fp8 scale of every 16 weights.",
        check="named_datatype",
        answers=in_ops(
            lambda ops, request: tuple(
                _times(op, 0.5 / 0.5625) if op.precision == request.precision == "nvfp4" else op for op in ops
            )
        ),
    ),
    Mutant(
        id="bits-fp8-as-bf16",
        mistake="fp8 weights are counted with two bytes each.",
        check="quantized_bytes",
        answers=_bits(2, *_FP8),
        concerns=_checkpoint_in(*_FP8),
    ),
    Mutant(
        id="bits-4-as-8",
        mistake="Experts of half a byte are counted with a whole byte each.",
        check="quantized_bytes",
        answers=_bits(2, *_FOUR),
        concerns=_checkpoint_in(*_FOUR),
    ),
    Mutant(
        id="bits-exclusions-ignored",
        mistake="The list of attention projections that the checkpoint leaves unquantized is not read.",
        check="quantized_bytes",
        patch=everywhere("attention_projection_exclusions", lambda _: frozenset()),
        concerns=both(with_mixer("mla", "dsa"), _checkpoint_in(*_NVFP4, *_FP8), _some_attention_wide),
    ),
    Mutant(
        id="bits-nvfp4-taken-for-fp8",
        mistake="The quantization name NVFP4 is mapped to fp8, the nearest that the parser knew.",
        check="quantized_bytes",
        patch=wrapped("utils", "_normalize_quant_algo", _as_fp8),
        concerns=_checkpoint_in(*_NVFP4),
        besides=dict.fromkeys(_MIXED, "the checkpoint says NVFP4 of some modules, under another name as a whole"),
    ),
    Mutant(
        id="precision-nvfp4-as-fp8",
        mistake="Layers that the checkpoint keeps in NVFP4 are priced in fp8, the nearest name that the parser knew.",
        check="excluded_precision",
        patch=wrapped("utils", "_normalize_quant_algo", _as_fp8),
        concerns=_checkpoint_in(*_NVFP4),
        besides=dict.fromkeys(_MIXED, "the checkpoint says NVFP4 of some modules, under another name as a whole"),
    ),
    Mutant(
        id="precision-exclusions-ignored",
        mistake="Modules that the checkpoint leaves in 16 bits are priced in the datatype of the others.",
        check="excluded_precision",
        patch=everywhere("attention_projection_exclusions", lambda _: frozenset()),
        concerns=both(with_mixer("mla", "dsa"), _checkpoint_in(*_NVFP4, *_FP8), _some_attention_wide),
        survives={
            "nvidia/DeepSeek-V3.2-NVFP4": "one op stands for the whole attention, most of which is NVFP4 in truth; "
            "quantized_bytes sees the rest"
        },
    ),
    Mutant(
        id="bits-quantized-head",
        mistake="The head is counted in the datatype of the layers, though the checkpoint leaves it in 16 bits.",
        check="quantized_bytes",
        answers=in_ops(
            lambda ops, request: tuple(
                _times(op, 0.5) if op.component == "head" and request.precision == "checkpoint" else op for op in ops
            )
        ),
        concerns=lambda model: not model.plan.tied,
    ),
)
