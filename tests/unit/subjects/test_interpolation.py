from __future__ import annotations

import numpy as np
import pytest
from scipy import interpolate

from harness.subjects import interpolation

_GRID = np.array([[1, 128], [1, 256], [8, 128], [8, 256]])
_FIGURES = np.array([0.31, 0.44, 1.7, 3.25])
_SHAPES = [(1, 128), (1, 200), (3.5, 131), (8, 256), (9, 300)]


@pytest.mark.parametrize("method", ["cubic", "linear"])
@pytest.mark.parametrize("figures", [_FIGURES, np.stack([_FIGURES, 7 * _FIGURES], axis=1), np.array([1, 2, 3, 5])])
def test_answers_are_those_of_scipy_to_the_last_bit(method: str, figures: np.ndarray) -> None:
    expected = [interpolate.griddata(_GRID, figures, shape, method=method) for shape in _SHAPES]
    with interpolation.in_use():
        found = [interpolate.griddata(_GRID, figures, shape, method=method) for shape in _SHAPES * 2]
    np.testing.assert_array_equal(found, expected * 2)


def test_other_figures_at_the_same_points_are_another_surface() -> None:
    with interpolation.in_use():
        first = interpolate.griddata(_GRID, _FIGURES, (3, 150), method="cubic")
        second = interpolate.griddata(_GRID, 2 * _FIGURES, (3, 150), method="cubic")
        moved = interpolate.griddata(_GRID + 1, _FIGURES, (3, 150), method="cubic")
    assert second == pytest.approx(2 * first)
    assert moved != pytest.approx(first)


def test_points_on_a_line_are_refused_as_scipy_refuses_them() -> None:
    line = np.array([[1, 128], [2, 256], [3, 384], [4, 512]])
    with interpolation.in_use(), pytest.raises(Exception, match="QH"):
        interpolate.griddata(line, _FIGURES, (2, 200), method="cubic")


def test_scipy_is_left_as_it_was() -> None:
    before = interpolate.griddata
    with interpolation.in_use():
        assert interpolate.griddata is not before
    assert interpolate.griddata is before
