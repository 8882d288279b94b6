"""A model's layers as rows of signs, one sign for each layer, with a legend."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.guide.labels import PARTS, dimensions, labels, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.guide.labels import Part
    from harness.reference.layers import LayerPlan

    Paint = Callable[[str, int], str]
    Signs = Mapping[str, str]
    """Sign of each label, in the order in which the labels first occur."""

PER_ROW = 80
"""Signs in one row."""
_GROUP = 10
MARGIN = 8
"""Columns before the first sign."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend.

    Attributes:
        heading: The part, where its entries begin.
        place: Which of the part's entries it is.
        sign: The sign.
        text: What it stands for, in how many layers, and its dimensions.
    """

    heading: str
    place: int
    sign: str
    text: str


def signs(plan: LayerPlan, part: Part, declared: Mapping[str, str]) -> Signs:
    """A sign for each label, no two alike.

    Args:
        plan: The layers.
        part: Mixers or feed-forwards.
        declared: Signs that kinds should have.
    """
    found: dict[str, str] = {}
    for label, layer in zip(labels(plan, part), plan.layers, strict=True):
        if label not in found:
            kind = part_of(layer, part).kind
            first = declared.get(kind, kind[0])
            wanted = (first, first.swapcase(), *string.digits[1:], *kind, *string.ascii_letters)
            found[label] = next((sign for sign in wanted if sign not in found.values()), "?")
    return found


def strip(plan: LayerPlan, by_part: Mapping[Part, Signs], paint: Paint) -> Iterator[str]:
    """Rows of signs under the numbers of the layers.

    Args:
        plan: The layers.
        by_part: Sign of each label of each part.
        paint: What gives a sign the colour of its label's place.
    """
    count = len(plan.layers)
    for start in range(0, count, PER_ROW):
        end = min(start + PER_ROW, count)
        yield " " * MARGIN + "".join(f"{number:<{_GROUP + 1}}" for number in range(start, end, _GROUP)).rstrip()
        for part in PARTS:
            places = list(by_part[part])
            drawn = [paint(by_part[part][label], places.index(label)) for label in labels(plan, part)[start:end]]
            groups = ("".join(drawn[at : at + _GROUP]) for at in range(0, len(drawn), _GROUP))
            yield f"  {part:{MARGIN - 2}}{' '.join(groups)}"


def legend(plan: LayerPlan, by_part: Mapping[Part, Signs]) -> Iterator[Entry]:
    """Each sign in words, mixers first."""
    for part in PARTS:
        named = labels(plan, part)
        counts, width = Counter(named), max(map(len, named))
        for place, (label, sign) in enumerate(by_part[part].items()):
            shape = dimensions(part_of(plan.layers[named.index(label)], part))
            said = f"{label:{width}} {counts[label]:>4}  {shape}".rstrip()
            yield Entry(part if place == 0 else "", place, sign, said)
