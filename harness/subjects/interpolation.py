"""Keeps the releases that interpolate anew for each look-up (0.4 to 0.9) from triangulating the same points again.

Between the four measured points around a shape these releases ask scipy for a cubic surface. Fitting it takes up to
15 ms, evaluating it a hundredth of that, and the same four points serve every shape between them, every step of a
decode and every model.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import interpolate

from harness.subjects.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURFACES = 1 << 14
"""Kept at a time; one takes a few kB."""


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Fit each cubic surface once; `scipy.interpolate.griddata` does the same two steps for every call."""
    with replaced(interpolate, "griddata", _griddata):
        yield


_fit_and_evaluate = interpolate.griddata


def _griddata(points: Any, values: Any, xi: Any, method: str = "linear", **options: Any) -> Any:  # noqa: ANN401
    points, values = np.asarray(points), np.asarray(values)
    if method != "cubic" or points.shape[1:] != (2,) or options:
        return _fit_and_evaluate(points, values, xi, method=method, **options)
    return _surface(points.tobytes(), points.dtype.str, values.tobytes(), values.dtype.str, values.shape)(xi)


@functools.lru_cache(maxsize=_SURFACES)
def _surface(
    points: bytes, points_type: str, values: bytes, values_type: str, shape: tuple[int, ...]
) -> interpolate.CloughTocher2DInterpolator:
    return interpolate.CloughTocher2DInterpolator(
        np.frombuffer(points, points_type).reshape(-1, 2), np.frombuffer(values, values_type).reshape(shape)
    )
