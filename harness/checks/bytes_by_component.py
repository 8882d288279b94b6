"""Weights of the reference beside the ops that hold them, sorted into the finest components that both sides tell apart.

A bucket is a component of `harness/reference/layers.py` with three differences, because ops are coarser than tensors:
mixers whose ops do not say which kind they belong to share a bucket (`attention.full+window`); the gates of a mixer
(output gates, sinks, decays) stand with it, because some ops fuse them into its kernels; and tensors that no token is
multiplied with (norms, biases, sinks) are told apart from matrices, because a release may leave them out altogether.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.reference.layers import LayerPlan
    from harness.reference.weights import Weight
    from harness.subjects.models import BuiltModel, Op

SIXTEEN_BIT = 2
"""Bytes of a number that is not quantized."""

WIDE = 4
"""Bytes of a number of a small tensor that a checkpoint keeps in 32 bits."""

_ATTENTION = "attention."


@dataclass(frozen=True, slots=True)
class Tensor:
    """A learned tensor and the layers that store it.

    Attributes:
        weight: One layer's tensor.
        layers: Numbers of the layers; None for what stands outside them.
    """

    weight: Weight
    layers: tuple[int | None, ...]

    def within(self, module: str) -> bool:
        """Whether it is a module or inside it; both are full names."""
        return f"{self.weight.name}.".startswith(f"{module}.")

    @property
    def parameters(self) -> int:
        """Learned numbers in all layers."""
        return self.weight.parameters * len(self.layers)

    @property
    def is_matrix(self) -> bool:
        """Whether it is stored in 16 bits or quantized: a projection or the embedding; hyper-connections are small."""
        return self.weight.component == "embedding" or (self.weight.matmul and self.weight.component != "other")

    def size(self, number_bytes: int = SIXTEEN_BIT) -> int:
        """Bytes in all layers."""
        return self.parameters * number_bytes

    def __str__(self) -> str:
        weight = self.weight
        sides = [size for size in (weight.copies, weight.rows, weight.columns) if size != 1]
        return f"{weight.name} {' x '.join(str(size) for size in (len(self.layers), *sides))}"


@dataclass(frozen=True, slots=True)
class Holding:
    """A reading of the bytes that a subject holds for a component.

    Attributes:
        about: What differs from the reference: nothing, `vectors` that are all left out, the name of a module that
            is left out, or the number of `layers`.
        tensors: Tensors that it holds.
        vector_bytes: Bytes of a number of those that are no matrices; checkpoints store them in 16 or in 32 bits.
        layers: In how many layers, where it is not the reference's number; 0 where it is.
    """

    about: str
    tensors: tuple[Tensor, ...]
    vector_bytes: int = SIXTEEN_BIT
    layers: int = 0

    @property
    def size(self) -> int:
        """Bytes of the tensors, in the reference's number of layers."""
        return sum(tensor.size(SIXTEEN_BIT if tensor.is_matrix else self.vector_bytes) for tensor in self.tensors)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the reference and the subject say about one component.

    Attributes:
        name: The component.
        tensors: The reference's tensors.
        ops: The subject's ops of one phase that hold weights for it.
    """

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]

    @property
    def matrices(self) -> tuple[Tensor, ...]:
        """Projections and the embedding."""
        return tuple(tensor for tensor in self.tensors if tensor.is_matrix)

    @property
    def vectors(self) -> tuple[Tensor, ...]:
        """All others."""
        return tuple(tensor for tensor in self.tensors if not tensor.is_matrix)

    @property
    def actual(self) -> float:
        """Bytes that the subject's ops hold."""
        return sum(op.weight_bytes for op in self.ops)

    def holding(self, layers: int) -> Holding | None:
        """What the subject's bytes are made of; None if no simple reading gives them to the byte.

        Args:
            layers: Layers of the model.
        """
        if self.tensors and not self.actual and self.matrices:
            return None
        whole = [Holding("", self.tensors), Holding("", self.tensors, WIDE), Holding("vectors", self.matrices)]
        without = [
            Holding(_inner(name), tuple(tensor for tensor in one.tensors if not tensor.within(name)), one.vector_bytes)
            for one in whole
            for name in self._modules()
        ]
        found = next((one for one in (*whole, *without) if one.size == self.actual), None)
        return found or next((one for one in map(self._of_other_layers, whole) if one and one.layers <= layers), None)

    def _modules(self) -> tuple[str, ...]:
        """Names of the tensors' modules and of those that contain them, single ones first."""
        names = [tensor.weight.name for tensor in (*self.matrices, *self.vectors)]
        around = [name.rpartition(".")[0] for name in names]
        return tuple(dict.fromkeys((*names, *(name for name in around if name))))

    def _of_other_layers(self, one: Holding) -> Holding | None:
        """The same tensors in as many layers as give the subject's bytes."""
        counts = {len(tensor.layers) for tensor in one.tensors if None not in tensor.layers}
        if len(counts) != 1 or any(None in tensor.layers for tensor in one.tensors):
            return None
        share = Fraction(self.actual) / one.size * counts.pop()
        return replace(one, about="layers", layers=int(share)) if share.denominator == 1 else None


def total(tensors: Iterable[Tensor]) -> int:
    """Bytes of tensors at 16 bits."""
    return sum(tensor.size() for tensor in tensors)


def _inner(name: str) -> str:
    return name.partition(".")[2] or name


def percent(difference: float, whole: float) -> str:
    """A difference relative to what is right."""
    return f"{100 * difference / whole:+.3g} %" if whole else "instead of none"


class Sorter:
    """Sorts ops of one model.

    Args:
        plan: The reference's reading.
    """

    def __init__(self, plan: LayerPlan) -> None:
        self._known = reference_tensors(plan)
        self._attention = sorted(name for name in self._known if name.startswith(_ATTENTION))

    def buckets(self, built: BuiltModel, ops: Sequence[Op]) -> tuple[Bucket, ...]:
        """Every component of which the reference or the subject says something, sorted by name.

        Args:
            built: The subject's model; the ops of both its phases decide what is told apart.
            ops: The ops of one of its phases.
        """
        names = _attention_buckets(self._attention, built)
        tensors: dict[str, list[Tensor]] = defaultdict(list)
        holding: dict[str, list[Op]] = defaultdict(list)
        for component, found in self._known.items():
            tensors[names.get(component, component)].extend(found)
        for op in _holding(ops):
            holding[names.get(component := _component(op, names), component)].append(op)
        return tuple(
            Bucket(name, tuple(tensors.get(name, ())), tuple(holding.get(name, ())))
            for name in sorted(tensors.keys() | holding.keys())
        )


def reference_tensors(plan: LayerPlan) -> dict[str, list[Tensor]]:
    """Every stored tensor of the text decoder by component; what several layers share is stored once."""
    numbers: dict[int, list[int | None]] = defaultdict(list)
    for number, layer in enumerate(plan.layers):
        numbers[id(plan.weights_of[id(layer)])].append(number)
    found: dict[tuple[str, Weight], list[int | None]] = defaultdict(list)
    for weight in plan.ends:
        found[weight.component, weight].append(None)
    for layer, _, weights in plan.distinct:
        gates = {weight for weight in layer.mixer.weights() if weight.component == "gates"}
        for weight in weights:
            component = f"{_ATTENTION}{layer.mixer.kind}" if weight in gates else weight.component
            layers = found[component, weight]
            if not (weight.shared and layers):
                layers.extend(numbers[id(weights)][: 1 if weight.shared else None])
    result: dict[str, list[Tensor]] = defaultdict(list)
    for (component, weight), layers in found.items():
        result[component].append(Tensor(weight, tuple(layers)))
    return result


def _holding(ops: Iterable[Op]) -> Iterator[Op]:
    # An alternative is a second way to price layers whose weights the first way holds.
    return (op for op in ops if op.weight_bytes and not op.alternative)


def _attention_buckets(components: Sequence[str], built: BuiltModel) -> dict[str, str]:
    """The bucket of each attention component, and of ops without a mixer under the key `attention`."""
    kinds = {component.removeprefix(_ATTENTION) for component in components}
    said = [_mixer(op, kinds) for op in _holding((*built.prefill, *built.decode)) if _is_attention(op)]
    named = {kind for kind in said if kind}
    result = {component: component for component in components}
    if "" not in said:
        return result
    # Ops that do not say are of the kinds that no other op names; where there are none, nothing can be told apart.
    rest = sorted(kinds - named) or sorted(kinds)
    joined = _ATTENTION + "+".join(rest)
    return result | {_ATTENTION + kind: joined for kind in rest} | {"attention": joined}


def _is_attention(op: Op) -> bool:
    return op.component == "attention" or (op.component == "gates" and bool(op.mixer))


def _mixer(op: Op, kinds: set[str]) -> str:
    # A subject that knows windows alone prices chunks as windows.
    said = "chunked" if op.mixer == "window" and "window" not in kinds else op.mixer
    return said if said in kinds else ""


def _component(op: Op, names: dict[str, str]) -> str:
    if not _is_attention(op):
        return op.component or "unsorted"
    kinds = {name.removeprefix(_ATTENTION) for name in names if name.startswith(_ATTENTION)}
    mixer = _mixer(op, kinds)
    return _ATTENTION + mixer if mixer else "attention"
