"""Mutants of estimates: figures that are none, that physics forbids, that do not add up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.subjects.api import Failure
from tests.fakes.mutants.mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.subjects.models import Estimate, EstimateRequest
    from tests.fakes.mutants.answering import Answers

    Change = Callable[[Estimate, EstimateRequest], Estimate]


def _estimate(change: Change) -> Answers:
    """Change what comes back where an estimate does."""
    return {
        "estimate": lambda answer, request: answer if isinstance(answer, Failure) else change(answer, request),
    }


def _scaled(answer: Estimate, prefill: float, decode: float) -> Estimate:
    """Times by op and in all, made longer or shorter."""
    return replace(
        answer,
        ttft_ms=answer.ttft_ms * prefill,
        tpot_ms=None if answer.tpot_ms is None else answer.tpot_ms * decode,
        prefill_ms={name: ms * prefill for name, ms in answer.prefill_ms.items()},
        decode_ms={name: ms * decode for name, ms in answer.decode_ms.items()},
    )


def _memory(**parts: Callable[[float, EstimateRequest], float]) -> Answers:
    """Change parts of the memory; the total follows unless it is one of them."""

    def change(answer: Estimate, request: EstimateRequest) -> Estimate:
        memory = dict(answer.memory)
        for name, part in parts.items():
            memory[name] = part(memory[name], request)
            if name != "total":
                memory["total"] += memory[name] - answer.memory[name]
        return replace(answer, memory=memory)

    return _estimate(change)


def _row(**figures: Callable[[float, EstimateRequest], float]) -> Answers:
    """Change figures of the summary alone."""
    return _estimate(
        lambda answer, request: replace(
            answer,
            row={
                **answer.row,
                **{name: change(answer.row[name], request) for name, change in figures.items() if name in answer.row},
            },
        )
    )


def _first_op(answer: Estimate, value: float) -> Estimate:
    name = next(iter(answer.decode_ms), None)
    return answer if name is None else replace(answer, decode_ms={**answer.decode_ms, name: value})


_NAN = float("nan")
_BASE_BATCH = 8

MUTANTS = (
    Mutant(
        id="estimate-nan",
        mistake="A latency is divided by the zero decode steps of a request with one output token.",
        check="estimate_finite",
        answers=_estimate(
            lambda answer, request: replace(answer, row={**answer.row, "tpot": _NAN}) if request.osl == 1 else answer
        ),
    ),
    Mutant(
        id="estimate-mixed-nan",
        mistake="Where prefill and decode share steps, those of a request with one output token are divided by none.",
        check="estimate_finite",
        answers=_estimate(
            lambda answer, request: replace(answer, row={**answer.row, "tpot": _NAN}) if request.mixed else answer
        ),
    ),
    Mutant(
        id="estimate-negative-op",
        mistake="An op's time is extrapolated below zero.",
        check="estimate_finite",
        answers=_estimate(lambda answer, _: _first_op(answer, -0.01)),
    ),
    Mutant(
        id="estimate-raises-at-edge",
        mistake="A single cached token more than the table has rows for raises a KeyError.",
        check="estimate_finite",
        answers={
            "estimate": lambda answer, request: (
                Failure("KeyError", ("KeyError: 1023",), missing_data=False, log="") if request.prefix else answer
            )
        },
    ),
    Mutant(
        id="estimate-decode-below-roofline",
        mistake="The time of a decode step is given in the wrong unit, a thousandth of what it takes.",
        check="estimate_not_below_roofline",
        answers=_estimate(lambda answer, _: _scaled(answer, 1, 1e-3)),
    ),
    Mutant(
        id="estimate-prefill-of-one",
        mistake="The prefill is priced for one sequence, whatever the batch is.",
        check="estimate_not_below_roofline",
        answers=_estimate(lambda answer, request: _scaled(answer, 1 / request.batch, 1)),
    ),
    Mutant(
        id="estimate-memory-total",
        mistake="The total is half of what its parts add up to.",
        check="estimate_memory",
        answers=_memory(total=lambda total, _: total / 2),
    ),
    Mutant(
        id="estimate-memory-weights",
        mistake="Weights in the memory estimate are divided by the GPUs once more.",
        check="estimate_memory",
        answers=_memory(weights=lambda size, _: size / 2),
    ),
    Mutant(
        id="estimate-memory-cache",
        mistake="The cache is sized for the input alone, and forgets the tokens that decoding adds.",
        check="estimate_memory",
        answers=_memory(kvcache=lambda size, request: size * request.isl / (request.isl + request.osl)),
    ),
    Mutant(
        id="estimate-memory-activations",
        mistake="Activations are taken to need no memory.",
        check="estimate_memory",
        answers=_memory(activations=lambda *_: 0.0),
    ),
    Mutant(
        id="estimate-op-left-out-of-sum",
        mistake="TTFT leaves out one of the ops that the breakdown lists.",
        check="estimate_sums",
        answers=_row(ttft=lambda value, _: value * 0.98),
    ),
    Mutant(
        id="estimate-steps-off-by-one",
        mistake="The decode time is divided by the output tokens instead of the steps between them.",
        check="estimate_sums",
        answers=_row(tpot=lambda value, request: value * (request.osl - 1) / request.osl),
    ),
    Mutant(
        id="estimate-one-gpu-more",
        mistake="One GPU more is counted than the layout has.",
        check="estimate_sums",
        answers=_row(num_total_gpus=lambda value, _: value + 1),
    ),
    Mutant(
        id="estimate-faster-with-batch",
        mistake="A decode step of a large batch takes a tenth of its time, for the batch divides it once more.",
        check="estimate_monotone",
        answers=_estimate(lambda answer, request: _scaled(answer, 1, 0.1) if request.batch > _BASE_BATCH else answer),
    ),
    Mutant(
        id="estimate-input-capped",
        mistake="Inputs beyond the end of the table are priced as a short one.",
        check="estimate_monotone",
        answers=_estimate(lambda answer, request: _scaled(answer, 1e-3, 1) if request.isl > 4096 else answer),
    ),
)
