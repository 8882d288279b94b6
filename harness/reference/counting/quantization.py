"""Bytes of weights: which tensors a checkpoint quantizes, and what a scheme stores for one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from harness.data_files import Record, data_path, load_toml
from harness.errors import UsageError
from harness.reference.counting.parameters import decoder_weights
from harness.reference.counting.ranks import Rank, stage_weights, weight_share

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from harness.reference.counting.ranks import Layout
    from harness.reference.layers import LayerPlan
    from harness.reference.weights import Weight

UNQUANTIZED_BYTES = 2
"""Everything that is not quantized is stored as bfloat16."""

_QUANTIZED = ("attention.", "dense_ffn", "routed_experts", "shared_experts")


class _StoredScheme(Record):
    name: str
    bits: int
    block: tuple[int, int]
    scale_bytes: int
    tensor_bytes: int
    compute: Literal["bf16", "fp8", "fp4", "int8"]
    source: str


class _Schemes(Record):
    schemes: tuple[_StoredScheme, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a quantized weight is stored; the fields are those of `fixtures/quantization.toml`.

    Attributes:
        name: As reports name it.
        bits: Bits of one number.
        block: Rows and columns that share a scale; (0, 0) for one scale for the whole tensor, (1, 0) for each row.
        scale_bytes: Bytes of such a scale.
        tensor_bytes: Bytes of a further scale for the whole tensor.
        compute: The narrowest datatype in which matrix units multiply with it.
    """

    name: str
    bits: int
    block: tuple[int, int]
    scale_bytes: int
    tensor_bytes: int
    compute: str

    def bytes_of(self, weight: Weight) -> int:
        """Bytes of a weight with all its copies and scales."""
        rows, columns = weight.rows, weight.columns
        high, wide = self.block[0] or rows, self.block[1] or columns
        scales = -(-rows // high) * -(-columns // wide) * self.scale_bytes + self.tensor_bytes
        return weight.copies * (-(-rows * columns * self.bits // 8) + scales)

    def grouped(self, block: tuple[int, int]) -> Scheme:
        """The same scheme with blocks of another size."""
        return replace(self, block=block)


@cache
def schemes() -> dict[str, Scheme]:
    """Every known scheme by name.

    Raises:
        DataFileError: The data file does not follow its schema.
    """
    stored = load_toml(data_path("fixtures", "quantization.toml"), _Schemes).schemes
    return {
        entry.name: Scheme(entry.name, entry.bits, entry.block, entry.scale_bytes, entry.tensor_bytes, entry.compute)
        for entry in stored
    }


def scheme(name: str) -> Scheme:
    """A scheme by name.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in schemes():
        raise UsageError("quantization scheme", repr(name), f"one of {', '.join(schemes())}")
    return schemes()[name]


class Quantization:
    """Which scheme each tensor of a checkpoint is stored in; this one quantizes every linear layer of the decoder.

    Embedding, head, router, norms, convolutions and gates stay bfloat16, as in every published checkpoint.

    Args:
        default: Scheme of what is quantized.
        kv_bytes: Bytes of one number in the KV cache.
    """

    def __init__(self, default: Scheme, kv_bytes: float = 2) -> None:
        self.default, self.kv_bytes = default, kv_bytes

    @classmethod
    def unquantized(cls) -> Quantization:
        """Everything in bfloat16."""
        return cls(scheme("bf16"))

    def scheme_of(self, layer: int | None, weight: Weight) -> Scheme | None:
        """Scheme of a tensor; None if it is stored as bfloat16.

        Args:
            layer: Number of its layer, None outside the layers.
            weight: The tensor.
        """
        if self.default.bits == UNQUANTIZED_BYTES * 8 or not weight.matmul or layer is None:
            return None
        return self.chosen(layer, weight) if weight.component.startswith(_QUANTIZED) else None

    def chosen(self, layer: int, weight: Weight) -> Scheme | None:  # noqa: ARG002 - a checkpoint's rules look at them
        """Scheme of a tensor that may be quantized."""
        return self.default

    def bytes_of(self, layer: int | None, weight: Weight) -> int:
        """Bytes of a tensor with all its copies and scales."""
        found = self.scheme_of(layer, weight)
        return found.bytes_of(weight) if found else weight.parameters * UNQUANTIZED_BYTES


def weight_bytes(plan: LayerPlan, quantization: Quantization) -> dict[str, int]:
    """Bytes of the text decoder's weights by component."""
    result: dict[str, int] = {}
    for layer, weight in decoder_weights(plan):
        size = quantization.bytes_of(layer, weight)
        result[weight.component] = result.get(weight.component, 0) + size
    return dict(sorted(result.items()))


def fullest_rank_weight_bytes(plan: LayerPlan, quantization: Quantization, layout: Layout) -> int:
    """Bytes of the weights on the rank that holds most of them; scales are divided like their tensor."""
    # What cannot be dealt out evenly goes to the first ranks of a stage.
    held = enumerate(stage_weights(plan, layout))
    return max(_held_bytes(weights, quantization, layout, Rank(stage)) for stage, weights in held)


def _held_bytes(
    weights: Iterable[tuple[int | None, Weight]], quantization: Quantization, layout: Layout, rank: Rank
) -> int:
    # Layers of one kind have their tensors in common.
    shares: dict[int, Fraction] = {}
    held = 0
    for layer, weight in weights:
        share = shares.get(id(weight))
        if share is None:
            share = shares[id(weight)] = weight_share(weight, layout, rank)
        held -= -quantization.bytes_of(layer, weight) * share.numerator // share.denominator
    return held
