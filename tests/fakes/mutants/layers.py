"""Mutants of how many layers run an op, and of which ops there are: lessons 1, 2 and 6."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.changes import counted, each, in_ops, of, twice, without
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import together, wrapped
from tests.fakes.mutants.where import both, declared, hybrid, with_component

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import Op
    from tests.fakes.mutants.answering import Patch

_HYBRIDMOE = ("MiMoV2FlashForCausalLM", "Llama4ForConditionalGeneration")
_STEP = "Step3p7FlashForCausalLM"
_QWEN = ("Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
_GEMMA, _KIMI, _NEMOTRON = "Gemma4ForConditionalGeneration", "KimiK3ForConditionalGeneration", "NemotronHForCausalLM"
_M3 = ("MiniMaxAI/MiniMax-M3", "nvidia/MiniMax-M3-NVFP4")
_SCOUT = "meta-llama/Llama-4-Scout-17B-16E-Instruct"
_MAVERICK = "meta-llama/Llama-4-Maverick-17B-128E-Instruct"
COUNTING = {
    "models.hybrid_moe:HybridMoEModel": ("swa_moe", "global_moe"),
    "models.gemma4:Gemma4MixModel": ("swa", "global"),
    "models.qwen35:Qwen35Model": ("linear", "full"),
    "models.kimi_k3:KimiK3Model": ("linear", "full"),
    "models.nemotron_h:NemotronHModel": ("M", "*"),
}
"""Classes that count layers by kind, and the names of two kinds in each."""


def counting(change: Callable[[dict[str, int], str, str], dict[str, int]]) -> Patch:
    """Change how every class counts its layers: from the counts, and the names of two kinds."""

    def single(where: str, first: str, second: str) -> Patch:
        return wrapped(where, "_count_layer_types", lambda real, model: change(real(model), first, second))

    return together(*(single(where, *kinds) for where, kinds in COUNTING.items()))


COUNTED = declared(*_HYBRIDMOE, _STEP, *_QWEN, _GEMMA, _KIMI, _NEMOTRON)
"""Models whose class counts layers by kind."""


def _last(which: Callable[[Op], bool]) -> Callable[[tuple[Op, ...], object], tuple[Op, ...]]:
    def change(ops: tuple[Op, ...], _: object) -> tuple[Op, ...]:
        found = [op for op in ops if which(op)]
        return tuple(op for op in ops if op is not found[-1]) if found else ops

    return change


def _all_layers(ops: tuple[Op, ...], _: object) -> tuple[Op, ...]:
    # A kernel of each layer says how many there are in all; second ways to price the same layers do not count again.
    layers = sum(op.count for op in ops if op.component == "attention" and op.part == "core" and not op.alternative)
    layers -= sum(op.count for op in ops if op.part == "core" and op.name.endswith("bmm") and not op.alternative)
    return tuple(counted(op, layers) if op.component == "attention" else op for op in ops)


def _experts_in_some(model: SubjectModel) -> bool:
    kinds = [ffn for _, ffn in model.plan.kinds]
    return "dense" in kinds and any("moe" in kind for kind in kinds)


MUTANTS = (
    Mutant(
        id="count-is-all-layers",
        mistake="The scale factor of every attention op is the number of all layers, whatever kind they are.",
        check="layer_counts",
        lesson=2,
        answers=in_ops(_all_layers),
        concerns=both(hybrid, lambda model: "none" not in {mixer for mixer, _ in model.plan.kinds}),
        besides=dict.fromkeys(_M3, "the release prices all its layers as block-sparse ones"),
    ),
    Mutant(
        id="count-swapped",
        mistake="The two kinds of layers of a pattern are taken for each other.",
        check="layer_counts",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | {first: counts[second], second: counts[first]}),
        concerns=COUNTED,
        besides={_SCOUT: "the release counts 24 layers of each of the two kinds"},
    ),
    Mutant(
        id="count-off-by-one",
        mistake="The interval between full-attention layers starts one layer late, so that one of them is missing.",
        check="layer_counts",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | {first: counts[first] + 1, second: counts[second] - 1}),
        concerns=COUNTED,
    ),
    Mutant(
        id="count-one-kind-dropped",
        mistake="One kind of layer of the pattern has no branch in the model class and is left out.",
        check="layer_counts",
        lesson=2,
        patch=counting(lambda counts, first, _: counts | {first: 0}),
        concerns=COUNTED,
        besides={_MAVERICK: "the release finds no local layer with experts, for local and dense layers coincide"},
    ),
    Mutant(
        id="count-experts-everywhere",
        mistake="One layer more than there are is priced with experts.",
        check="layer_counts",
        lesson=2,
        answers=each(of("routed_experts"), lambda op: counted(op, op.count + 1)),
        concerns=with_component("routed_experts"),
    ),
    Mutant(
        id="count-before-pattern",
        mistake="The ops are built before the pattern is stored, so that a hybrid model has none.",
        check="families",
        lesson=1,
        patch=together(
            wrapped("models.nemotron_h:NemotronHModel", "set_hybrid_config", lambda *_: None),
            wrapped("models.hybrid_moe:HybridMoEModel", "set_hybrid_config", lambda *_: None),
            wrapped("models.gemma4:Gemma4MixModel", "set_gemma4_config", lambda *_: None),
        ),
        concerns=declared(*_HYBRIDMOE, _GEMMA, _NEMOTRON),
    ),
    Mutant(
        id="count-decode-one-less",
        mistake="The decode ops are built over range(layers - 1).",
        check="layer_counts",
        lesson=2,
        answers=each(of("attention", "dense_ffn", "routed_experts"), lambda op: counted(op, op.count - 1), ["decode"]),
    ),
    Mutant(
        id="op-twice",
        mistake="The output projection is appended to the prefill ops twice.",
        check="layer_counts",
        answers=twice(lambda op: op.component == "attention" and op.part == "out", ["prefill"]),
        concerns=lambda model: any(op.part == "out" and op.component == "attention" for op in model.build().prefill),
    ),
    Mutant(
        id="op-repeated",
        mistake="A copied block lists the head a second time.",
        check="families",
        answers=twice(of("head")),
    ),
    Mutant(
        id="op-unknown",
        mistake="An op has a name that nobody has sorted yet.",
        check="families",
        answers=each(of("embedding"), lambda op: replace(op, component="", part="", name=f"{op.name}_new")),
    ),
    Mutant(
        id="decode-without-router",
        mistake="The decode path of a new family forgets the router.",
        check="families",
        lesson=1,
        answers=without(of("router"), ["decode"]),
        concerns=with_component("router"),
    ),
    Mutant(
        id="decode-without-kernel",
        mistake="The recurrent or attention kernel that was listed last is missing in decode.",
        check="layer_counts",
        answers=in_ops(
            _last(lambda op: op.component == "attention" and op.part == "core" and not op.alternative), ["decode"]
        ),
    ),
    Mutant(
        id="count-divided-by-stages",
        mistake="Scale factors are divided by the number of pipeline stages.",
        check="pipeline_counts",
        lesson=2,
        answers=in_ops(
            lambda ops, request: tuple(counted(op, op.count / request.layout.pp) for op in ops),
        ),
    ),
    Mutant(
        id="stages-without-transfer",
        mistake="Nothing is sent from one pipeline stage to the next.",
        check="pipeline_counts",
        answers=without(lambda op: op.kind == "p2p"),
    ),
    Mutant(
        id="stages-send-once-more",
        mistake="There is a transfer for each pipeline stage, though two stages have one border.",
        check="pipeline_counts",
        answers=in_ops(
            lambda ops, request: tuple(counted(op, request.layout.pp) if op.kind == "p2p" else op for op in ops)
        ),
    ),
)
