"""curves: what is drawn of a series: the mean and range of each x, where it broke, where it began anew."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.curves import MOST_MARKS, Curve, Line, broken_at, line_of, newest_line, older_lines
from app.view import View


def line(*points: tuple[float, float]) -> Line:
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return line_of(x, y)


def curve(x: list[float], y: list[float], segments: tuple[int, ...] = (0,)) -> Curve:
    return Curve(np.array(x), np.array(y), "step", math.nan, segments, 0)


def test_points_of_different_x_are_their_own_line() -> None:
    drawn = line((3, 30), (1, 10), (2, math.nan))
    np.testing.assert_array_equal(drawn.x, [1, 2, 3])
    np.testing.assert_array_equal(drawn.y, [10, math.nan, 30])
    assert not drawn.banded
    assert drawn.values.tolist() == [1, 0, 1]


def test_an_infinite_value_is_a_gap() -> None:
    np.testing.assert_array_equal(line((1, math.inf), (2, 1)).y, [math.nan, 1])


def test_values_of_one_x_are_their_mean_and_range() -> None:
    drawn = line((1, 5), (2, 1), (2, 9), (2, 2), (3, 7))
    assert drawn.y.tolist() == [5, 4, 7]
    assert drawn.low.tolist() == [5, 1, 7]
    assert drawn.high.tolist() == [5, 9, 7]
    assert drawn.values.tolist() == [1, 3, 1]
    assert drawn.banded


def test_a_value_said_again_is_no_range_and_exactly_itself() -> None:
    drawn = line(*[(1, 0.1)] * 3, (2, 0.7))
    assert drawn.y.tolist() == [0.1, 0.7]
    assert not drawn.banded


def test_a_mean_leaves_out_what_is_not_finite_and_is_a_gap_where_nothing_else_is() -> None:
    drawn = line((1, math.nan), (1, 4), (1, math.inf), (1, 2), (2, math.nan), (2, -math.inf), (3, 1))
    np.testing.assert_array_equal(drawn.y, [3, math.nan, 1])
    np.testing.assert_array_equal(drawn.low, [2, math.nan, 1])
    np.testing.assert_array_equal(drawn.high, [4, math.nan, 1])


def test_no_mean_is_beyond_the_largest_float() -> None:
    assert line((1, 1.7e308), (1, 1.6e308), (2, 0)).y[0] == pytest.approx(1.65e308)


def test_nothing_is_a_line_without_points() -> None:
    assert len(line().x) == 0
    assert not line().banded


values = st.floats(width=32) | st.integers(-3, 3).map(float)


@given(st.lists(st.tuples(st.integers(0, 8).map(float), values), max_size=40))
def test_the_mean_of_each_x_lies_in_its_range_whatever_the_values(points: list[tuple[float, float]]) -> None:
    drawn = line(*points)
    assert drawn.x.tolist() == sorted({x for x, _ in points})
    for i, x in enumerate(drawn.x):
        finite = [y for at, y in points if at == x and math.isfinite(y)]
        assert drawn.values[i] == len(finite)
        if finite:
            assert (drawn.low[i], drawn.high[i]) == (min(finite), max(finite)) or not drawn.banded
            assert min(finite) <= drawn.y[i] <= max(finite)
        else:
            assert math.isnan(drawn.y[i])


@given(
    st.lists(st.floats(-9, 9), min_size=50, max_size=300),
    st.integers(12, 60),
    st.integers(1, 3),
)
def test_a_thinned_band_keeps_the_lowest_and_the_highest_of_all(y: list[float], points: int, ranks: int) -> None:
    x = [float(i // ranks) for i in range(len(y))]
    drawn, whole = newest_line(curve(x, y), View(points=points))
    assert whole == len(set(x))
    assert len(drawn.x) <= points
    if drawn.banded:
        assert (drawn.low.min(), drawn.high.max()) == (min(y), max(y))
    assert (drawn.x[0], drawn.x[-1]) == (x[0], x[-1])


def test_each_older_segment_is_a_line_of_its_own() -> None:
    lines, whole = older_lines(curve([1, 2, 2, 1, 1, 1, 2], [1, 2, 4, 5, 7, 0, 0], (0, 3, 5)), View())
    assert [drawn.x.tolist() for drawn in lines] == [[1, 2], [1]]
    assert [drawn.y.tolist() for drawn in lines] == [[1, 3], [6]]
    assert whole == 3


def test_a_segment_that_is_all_there_is_has_no_older_ones() -> None:
    assert older_lines(curve([1, 2], [1, 2]), View()) == ([], 0)
    assert older_lines(curve([], [], ()), View()) == ([], 0)


def test_of_many_values_that_are_not_finite_some_are_marked_and_the_first_and_last_are() -> None:
    x = [float(k) for k in range(10_000)]
    marked = broken_at(curve(x, [math.nan] * 10_000), View())
    assert MOST_MARKS <= len(marked) <= MOST_MARKS + 1
    assert (marked[0], marked[-1]) == (0, 9999)


def test_only_what_is_in_the_window_is_marked() -> None:
    x = [float(k) for k in range(100)]
    marked = broken_at(curve(x, [math.nan] * 100), View(low=10, high=12))
    assert marked.tolist() == [10, 11, 12]
