"""Figures for models that have no native class: derived by hand, the arithmetic kept beside them. Needs no torch."""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from pydantic import field_validator

from harness.data_files import Record, data_path, load_toml
from harness.oracle.records import OUTSIDE_DECODER, LayerRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_RUN = re.compile(r"(?P<kind>\w+)(?: x (?P<count>[1-9]\d*))?")


def calculate(arithmetic: str) -> int:
    """Work out an integer expression made of `+`, `-`, `*`, `//` and parentheses.

    Raises:
        ValueError: It holds anything else, or comes out negative.
    """

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                return number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
            case _:
                raise ValueError(f"expected integers with + - * //, found {ast.unparse(node)!r} in {arithmetic!r}")

    try:
        result = value(ast.parse(arithmetic, mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"expected an integer expression, found {arithmetic!r}") from error
    if result < 0:
        raise ValueError(f"expected a count, found {arithmetic!r} = {result}")
    return result


class Part(Record):
    """One group of tensors: which component, what they are, and how many parameters, as arithmetic."""

    component: str
    what: str
    arithmetic: str

    @field_validator("arithmetic")
    @classmethod
    def _can_be_worked_out(cls, value: str) -> str:
        calculate(value)
        return value

    @property
    def parameters(self) -> int:
        """The arithmetic's result."""
        return calculate(self.arithmetic)


class Kind(Record):
    """One kind of layer."""

    mixer: str
    ffn: str
    parts: tuple[Part, ...]

    @property
    def parameters(self) -> int:
        """Parameters of one layer."""
        return sum(part.parameters for part in self.parts)


class HandModel(Record):
    """One model: its layers in order, as `kind` or `kind x count`, and what stands outside them.

    Attributes:
        config_sha256: The file that the derivation read; another one needs another derivation.
        kinds: Layer kinds by a name used in `order`.
        not_judged: Components that exist, but that are not derived.
        order: The decoder layers in order.
        outside: Everything that is no decoder layer.
        reason: Why there is no native class, and what was read instead.
        tied: Whether the head is the embedding.
    """

    config_sha256: str
    kinds: dict[str, Kind]
    not_judged: tuple[str, ...] = ()
    order: tuple[str, ...]
    outside: tuple[Part, ...]
    reason: str
    tied: bool

    def _layers(self) -> Iterator[Kind]:
        for text in self.order:
            match = _RUN.fullmatch(text)
            if match is None or match["kind"] not in self.kinds:
                raise ValueError(f"expected 'kind' or 'kind x count' of {sorted(self.kinds)}, found {text!r}")
            yield from [self.kinds[match["kind"]]] * int(match["count"] or 1)

    @property
    def runs(self) -> tuple[LayerRun, ...]:
        """The decoder layers as runs."""
        return tuple(runs_of([(kind.mixer, kind.ffn, kind.parameters) for kind in self._layers()]))

    @property
    def components(self) -> dict[str, int]:
        """Parameters by component."""
        total: Counter[str] = Counter()
        for part in (*self.outside, *(part for kind in self._layers() for part in kind.parts)):
            total[part.component] += part.parameters
        return dict(sorted(total.items()))

    @property
    def parameters(self) -> int:
        """Parameters of the text decoder."""
        return sum(count for name, count in self.components.items() if name not in OUTSIDE_DECODER)


class ByHand(Record):
    """Everything in `fixtures/oracle_by_hand.toml`, by HuggingFace id."""

    models: dict[str, HandModel]


def runs_of(layers: list[tuple[str, str, int]]) -> Iterator[LayerRun]:
    """Join neighbouring layers of the same mixer, ffn and size."""
    for (mixer, ffn, parameters), group in groupby(layers):
        yield LayerRun(len(list(group)), mixer, ffn, parameters)


def load_by_hand() -> ByHand:
    """Read the derivations.

    Raises:
        DataFileError: The file does not follow the schema, or an expression cannot be worked out.
    """
    return load_toml(data_path("fixtures", "oracle_by_hand.toml"), ByHand)
