from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.reference import spans

TOKENS = st.integers(0, 60)
NEW = st.integers(0, 40)
REACH = st.integers(1, 30)


def positions(prefix: int, new: int) -> range:
    return range(prefix + 1, prefix + new + 1)


@given(TOKENS, NEW)
def test_causal(prefix: int, new: int) -> None:
    assert spans.causal(prefix, new) == sum(positions(prefix, new))


@given(TOKENS, NEW, REACH)
def test_windowed(prefix: int, new: int, reach: int) -> None:
    assert spans.windowed(prefix, new, reach) == sum(min(p, reach) for p in positions(prefix, new))


@given(TOKENS, NEW, REACH)
def test_chunked(prefix: int, new: int, reach: int) -> None:
    assert spans.chunked(prefix, new, reach) == sum((p - 1) % reach + 1 for p in positions(prefix, new))


@given(TOKENS, NEW, REACH, st.none() | st.integers(1, 9))
def test_compressed(prefix: int, new: int, ratio: int, most: int | None) -> None:
    seen = (p // ratio if most is None else min(p // ratio, most) for p in positions(prefix, new))
    assert spans.compressed(prefix, new, ratio, most) == sum(seen)
