"""downsample: few points, the same curve."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.downsample import downsample

numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 0.0, math.nan, math.inf, -math.inf])
series = st.lists(numbers, max_size=400).map(lambda y: np.array(y, dtype=np.float64))
budgets = st.integers(4, 60)


@given(series, budgets)
def test_the_indices_rise_stay_in_budget_and_come_the_same_again(y: NDArray[np.float64], n: int) -> None:
    kept = downsample(y, n)
    assert len(kept) <= n
    assert kept.dtype == np.intp
    assert (np.diff(kept) > 0).all()
    assert kept.tolist() == downsample(y.copy(), n).tolist()


@given(series.filter(len), budgets)
def test_both_ends_are_kept(y: NDArray[np.float64], n: int) -> None:
    kept = downsample(y, n)
    assert (kept[0], kept[-1]) == (0, len(y) - 1)


@given(series.filter(lambda y: bool(np.isfinite(y).any())), budgets)
def test_the_smallest_and_the_largest_finite_value_are_kept(y: NDArray[np.float64], n: int) -> None:
    finite, shown = y[np.isfinite(y)], y[downsample(y, n)]
    assert shown[np.isfinite(shown)].min() == finite.min()
    assert shown[np.isfinite(shown)].max() == finite.max()


@given(
    st.integers(100, 2000),
    st.integers(5, 60),
    st.floats(0, 1),
    st.integers(1, 50),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
def test_a_stretch_that_is_not_finite_stays_represented(
    count: int, n: int, where: float, length: int, broken: float
) -> None:
    y = np.sin(np.arange(count))
    start = int(where * (count - 1))
    y[start : start + length] = broken
    kept = downsample(y, n)
    assert ((kept >= start) & (kept < start + length)).any()


@given(st.integers(5, 40), st.sets(st.integers(0, 999), min_size=1))
def test_every_bucket_with_a_gap_keeps_its_first_one(n: int, gaps: set[int]) -> None:
    y = np.zeros(1000)
    y[list(gaps)] = np.nan
    kept = set(downsample(y, n).tolist())
    for bucket in np.array_split(np.arange(1000), (n - 2) // 3):
        inside = sorted(gaps.intersection(bucket.tolist()))
        assert not inside or inside[0] in kept


@given(series, budgets)
def test_a_short_series_is_kept_whole(y: NDArray[np.float64], n: int) -> None:
    if len(y) <= n:
        assert downsample(y, n).tolist() == list(range(len(y)))


@pytest.mark.parametrize("count", [2001, 2993, 3000, 100_003])
def test_the_points_kept_lie_evenly_along_the_series(count: int) -> None:
    y = np.random.default_rng(0).normal(size=count)
    kept = downsample(y, 2000)
    assert np.diff(kept).max() <= 3 * (count / 1000 + 1)


def test_one_bad_step_among_a_million_is_never_lost() -> None:
    y = np.zeros(1_000_000)
    y[[123_456, 654_321]] = 9.0, -9.0
    assert {123_456, 654_321} <= set(downsample(y, 2000).tolist())


def test_nothing_but_nan_is_still_a_series_with_two_ends() -> None:
    kept = downsample(np.full(1000, np.nan), 10)
    assert (kept[0], kept[-1]) == (0, 999)


def test_a_view_that_is_read_only_and_strided_is_left_alone() -> None:
    y = np.arange(10_000, dtype=np.float64)
    y[700] = np.nan
    before, view = y.copy(), y[::2]
    view.flags.writeable = False
    assert 350 in downsample(view, 100)
    np.testing.assert_array_equal(y, before)


def test_a_budget_too_small_for_ends_and_extremes_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="at least 4 .* got 3"):
        downsample(np.zeros(10), 3)
