"""The lower bound of latency: what physics allows, whatever the software.

A step cannot end before the operations are done at the matrix units' peak, the weights and the cache have crossed the
memory bus once, and the partial sums of tensor parallelism have crossed the links. The bound is the largest of the
three, as if they overlapped perfectly.

It leaves out: launch and scheduling, everything that is not a matrix product, activations, copies of a latent cache,
routing that is not ideal (all tokens are taken to choose the same experts when weights are read, and to spread evenly
when they are multiplied with), the all-to-all of experts, pipeline bubbles, clocks below the peak, the vision tower and
prediction blocks. Each makes a real step slower, so that no honest estimate is below the bound. It takes weights and
cache as the checkpoint stores them, and partial sums as bfloat16: an estimate that assumes narrower ones needs a
`Quantization` that says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from harness.data_files import Record, data_path, load_toml
from harness.errors import UsageError
from harness.reference.counting.memory import BF16_BYTES
from harness.reference.counting.ranks import check_layout
from harness.reference.counting.work import matrix_flops, sequence, weights_read
from harness.reference.weights import Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.reference.counting.quantization import Quantization
    from harness.reference.counting.ranks import Layout
    from harness.reference.counting.work import Work
    from harness.reference.layers import LayerPlan
    from harness.reference.weights import Weight

_WIDER = {"fp4": "fp8", "int8": "bf16", "fp8": "bf16"}
"""Where a GPU lacks a datatype, or is slow in it, the work is done in a wider one."""

Positive = Annotated[float, Field(gt=0)]


class System(Record):
    """A GPU as `fixtures/gpu_facts.toml` describes it.

    Attributes:
        flops: Operations per second by datatype, dense.
        memory_bandwidth: Bytes per second.
        memory_capacity: Bytes that the driver shows.
        link_bandwidth: Bytes per second that one GPU can send to the others.
        source: Where the figures come from.
        board_flops: Operations per second that this board's data sheet states, where other boards of the chip do more.
        limits: Datatypes whose figure is an upper limit and no more.
        memory_sold: Bytes of the data sheet where error correction takes some of them.
        pcie_bandwidth: Bytes per second of a board without its NVLink bridge.
        gpus_per_node: Where the form factor decides it.
        succeeds: Systems that it is never slower than.
    """

    flops: dict[str, Positive]
    memory_bandwidth: Positive
    memory_capacity: Positive
    link_bandwidth: Positive
    source: str
    board_flops: dict[str, Positive] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    memory_sold: Positive | None = None
    pcie_bandwidth: Positive | None = None
    gpus_per_node: int | None = None
    succeeds: tuple[str, ...] = ()

    def speed(self, datatype: str) -> float:
        """Operations per second in a datatype, or in a wider one that is faster or the only one."""
        best = self.flops.get(datatype, 0.0)
        while datatype in _WIDER:
            datatype = _WIDER[datatype]
            best = max(best, self.flops.get(datatype, 0.0))
        return best


class _Systems(Record):
    systems: dict[str, System]


@dataclass(frozen=True, slots=True)
class Bound:
    """Lower bound of one step, in milliseconds.

    Attributes:
        compute: Time of the operations at the peak of all GPUs.
        memory: Time of weights and cache on the memory bus.
        links: Time of the partial sums on the links.
    """

    compute: float
    memory: float
    links: float

    @property
    def total(self) -> float:
        """The bound: the largest of the three."""
        return max(self.compute, self.memory, self.links)


@cache
def systems() -> Mapping[str, System]:
    """Every known GPU system by name.

    Raises:
        DataFileError: The data file does not follow its schema.
    """
    return load_toml(data_path("fixtures", "gpu_facts.toml"), _Systems).systems


def system(name: str) -> System:
    """A GPU system by name.

    Raises:
        UsageError: Nothing is known about it.
    """
    if name not in systems():
        raise UsageError("GPU system", repr(name), f"one of {', '.join(sorted(systems()))}")
    return systems()[name]


class Roofline:
    """Lower bounds of the steps of one model; what all of them have in common is counted once.

    Args:
        plan: The model.
        quantization: How its weights and cache are stored.

    Attributes:
        plan: The model.
    """

    def __init__(self, plan: LayerPlan, quantization: Quantization) -> None:
        self.plan = plan
        self._flops = matrix_flops(plan, quantization)
        self._sequence = cache(partial(sequence, plan, quantization))
        sizes: Counter[_Sharing] = Counter()
        # Last comes the embedding, of which a step reads the rows of its tokens.
        *read, _ = weights_read(plan, quantization, 1)
        for weight, size in read:
            sizes[_Sharing.of(weight)] += size
        self._weights = tuple(sizes.items())

    def prefill(self, gpu: System, layout: Layout, *, batch: int, isl: int, prefix: int = 0) -> Bound:
        """Lower bound of the time to the first token.

        Args:
            gpu: The GPU.
            layout: The parallel layout; `batch` is divided among its attention-DP groups.
            batch: Prompts.
            isl: New tokens of a prompt.
            prefix: Tokens of it that are cached already.

        Raises:
            UsageError: The layout would cut what cannot be cut.
        """
        return self._bound(gpu, layout, batch, self._sequence(isl, prefix, prefix))

    def decode(self, gpu: System, layout: Layout, *, batch: int, context: int) -> Bound:
        """Lower bound of the time of one decode step.

        Args:
            gpu: The GPU.
            layout: The parallel layout; `batch` is divided among its attention-DP groups.
            batch: Sequences.
            context: Tokens of a sequence.

        Raises:
            UsageError: The layout would cut what cannot be cut.
        """
        return self._bound(gpu, layout, batch, self._sequence(1, context - 1, context))

    def _bound(self, gpu: System, layout: Layout, batch: int, each: Work) -> Bound:
        check_layout(self.plan, layout)
        plan, tokens = self.plan, batch * each.tokens
        flops = Counter({name: count * tokens for name, count in self._flops.items()})
        flops.update({name: count * batch for name, count in each.flops.items()})
        compute = sum(count / gpu.speed(name) for name, count in sorted(flops.items()) if count) / layout.ranks
        # One rank of every stage, for a token passes the stages one after the other and each must read its weights
        # first.
        rows = tokens * plan.hidden * BF16_BYTES * _Sharing.of(plan.embedding).part(layout)
        weights = rows + sum(size * sharing.part(layout) for sharing, size in self._weights)
        # What is cached is spread over all ranks at best.
        cached = batch * (each.cache_read + each.cache_written) / layout.ranks
        memory = max(weights, weights / layout.pp + cached) / gpu.memory_bandwidth
        return Bound(compute * 1e3, memory * 1e3, _sums(plan, layout, tokens) / gpu.link_bandwidth * 1e3)


def prefill_bound(  # noqa: PLR0913 - a request has that many sides
    plan: LayerPlan, quantization: Quantization, gpu: System, layout: Layout, *, batch: int, isl: int, prefix: int = 0
) -> Bound:
    """Lower bound of the time to the first token; see `Roofline.prefill`."""
    return Roofline(plan, quantization).prefill(gpu, layout, batch=batch, isl=isl, prefix=prefix)


def decode_bound(  # noqa: PLR0913 - a request has that many sides
    plan: LayerPlan, quantization: Quantization, gpu: System, layout: Layout, *, batch: int, context: int
) -> Bound:
    """Lower bound of the time of one decode step; see `Roofline.decode`."""
    return Roofline(plan, quantization).decode(gpu, layout, batch=batch, context=context)


class _Sharing(NamedTuple):
    """How the ranks of a stage share a tensor.

    Attributes:
        attention: It is what an attention-DP group has a copy of; anything else may be divided among all ranks.
        split: How tensor parallelism divides it.
        units: Heads or groups that can be dealt out.
    """

    attention: bool
    split: Split
    units: int

    @classmethod
    def of(cls, weight: Weight) -> _Sharing:
        """How a tensor is shared."""
        attention = weight.component.startswith("attention.") and weight.split is not Split.EXPERTS
        return cls(attention, weight.split, weight.units)

    def part(self, layout: Layout) -> float:
        """Part of the tensor that the ranks of a stage read on average."""
        if not self.attention:
            return 1 / layout.stage_ranks
        if self.split is Split.WHOLE:
            return 1.0
        return 1 / min(layout.tp, self.units) if self.split is Split.KV else 1 / layout.tp


def _sums(plan: LayerPlan, layout: Layout, tokens: int) -> float:
    """Bytes that one GPU must send so that the ranks of tensor parallelism have their sums."""
    if layout.tp == 1:
        return 0.0
    sums = sum((layer.mixer.kind != "none") + (layer.ffn.kind != "none") for layer in plan.layers)
    part = (layout.tp - 1) / layout.tp
    return sums * tokens / layout.dp * plan.hidden * BF16_BYTES * part / layout.pp
