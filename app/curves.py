"""Series and View → the x and y to draw: which axis, which window, which few of many points. Pure."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.downsample import downsample
from app.rows import Floats
from app.series import Series
from app.view import View

EARLIEST_DATE = 1e8
"""s since the Unix epoch: what is earlier was counted from 1970 because the log prints no date, or no year."""
OUTLINE = 200
"""Points on each side of a zoomed window: enough for its surroundings."""
MOST_MARKS = 400


class Curve(NamedTuple):
    """The points of one metric in a view: x, y and which kind of x it is."""

    x: Floats
    y: Floats
    kind: str
    origin: float
    segments: tuple[int, ...]
    left_out: int
    """Points without an x of that kind."""
    gone: int = 0
    """Points that the log gave and that were thinned away."""


def axis_of(series: Series, axis: str, began: float = math.nan) -> tuple[str, Floats]:
    """Which x a series has, and its values: the one asked for, or else step, epoch, or the number of the point.

    The first of them that most of its points have; NaN where a point has none.
    `began`: zero of relative time, s since the Unix epoch.
    """
    if axis == "wall_time" and (series.wall_time < EARLIEST_DATE).any():
        axis = "relative"  # the log prints no date, or no year
    index = np.arange(series.first, series.first + len(series.value), dtype=np.float64)
    if series.numbers is not None:
        index = series.numbers.astype(np.float64)
    wanted = {
        "step": (("step", series.step), ("epoch", series.epoch)),
        "epoch": (("epoch", series.epoch), ("step", series.step)),
    }.get(axis, ((axis, series.wall_time), ("step", series.step), ("epoch", series.epoch)))
    missing = [int(np.isnan(x).sum()) for _, x in wanted]
    least = min(missing)
    kind, x = wanted[missing.index(least)] if least < len(index) else ("index", index)
    return kind, {"relative": x - began, "wall_time": x * 1000}.get(kind, x)


def curve_of(series: Series, axis: str, began: float = math.nan) -> Curve:
    """The points of a series that have an x, as `axis_of` chooses it."""
    kind, x = axis_of(series, axis, began)
    origin = began if kind in ("wall_time", "relative") else math.nan
    there = ~np.isnan(x)
    left_out = len(x) - int(there.sum())
    segments = series.segments
    y = series.value
    if left_out:
        before = np.concatenate(([0], np.cumsum(there)))
        starts = dict.fromkeys(int(before[index]) for index in segments)
        segments = tuple(start for start in starts if start < len(x) - left_out)
        x, y = x[there], y[there]
    return Curve(x, y, kind, origin, segments, left_out, series.given - len(series.value))


class Line(NamedTuple):
    """A piece of a curve as it is drawn: at each x, which rises, the mean of its finite values and their range."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats
    values: NDArray[np.intp]
    """How many finite values each point stands for."""

    @property
    def banded(self) -> bool:
        """Whether an x has values that differ: their range is worth a band."""
        return self.low is not self.y

    def at(self, kept: NDArray[np.intp]) -> Line:
        """Some of its points."""
        y = self.y[kept]
        low, high = (self.low[kept], self.high[kept]) if self.banded else (y, y)
        return Line(self.x[kept], y, low, high, self.values[kept])


def line_of(x: Floats, y: Floats) -> Line:
    """The line through points in any order.

    Several values of one x (ranks, epochs as x, stamps of whole seconds) would be a zigzag upright. However few they
    are, their range is kept: a rule that takes rare ones for a mistake would hide what somebody printed.
    NaN and ±inf are in no mean; where an x has nothing else, the line has a gap (NaN).
    """
    order = _sorted(x)
    x, y = x[order], y[order]
    finite = np.isfinite(y)
    first = np.concatenate(([True], np.diff(x) != 0)) if len(x) else np.empty(0, dtype=np.bool_)
    if first.all():
        y = np.where(finite, y, math.nan)
        return Line(x, y, y, y, finite.astype(np.intp))
    starts = np.flatnonzero(first)
    values = np.add.reduceat(finite.astype(np.intp), starts)
    there = values > 0
    low = np.where(there, np.minimum.reduceat(np.where(finite, y, math.inf), starts), math.nan)
    high = np.where(there, np.maximum.reduceat(np.where(finite, y, -math.inf), starts), math.nan)
    # Divided before they are added, so that no sum is beyond the largest float; equal values are their own mean.
    share = np.where(finite, y, 0.0) / np.maximum(values, 1)[np.cumsum(first) - 1]
    mean = np.clip(np.add.reduceat(share, starts), low, high)
    differ = bool((low < high).any())
    return Line(x[starts], mean, low if differ else mean, high if differ else mean, values)


def newest_line(curve: Curve, view: View) -> tuple[Line, int]:
    """The newest segment, thinned to the view, and how many points it has otherwise."""
    cut = curve.segments[-1] if curve.segments else 0
    line = line_of(curve.x[cut:], curve.y[cut:])
    return line.at(in_view(line, view)), len(line.x)


def older_lines(curve: Curve, view: View) -> tuple[list[Line], int]:
    """Each segment before the newest, thinned, and how many points they have otherwise."""
    edges = curve.segments
    share = max(4, view.points // max(1, len(edges) - 1))
    lines = [line_of(curve.x[start:stop], curve.y[start:stop]) for start, stop in pairwise(edges)]
    return [line.at(_thin(line, share)) for line in lines], sum(len(line.x) for line in lines)


def restarts_of(curve: Curve) -> Floats:
    """Where each segment but the first begins."""
    return curve.x[list(curve.segments[1:])]


def broken_at(curve: Curve, view: View) -> Floats:
    """The x of values that are not finite, at most one for each of 400 parts of what is in view."""
    x = np.unique(curve.x[~np.isfinite(curve.y)])
    low, high = bounds(view)
    x = x[(x >= low) & (x <= high)]
    if len(x) <= MOST_MARKS:
        return x
    part = ((x - x[0]) / (x[-1] - x[0]) * MOST_MARKS).astype(np.intp)
    return x[np.unique(part, return_index=True)[1]]


def in_view(line: Line, view: View) -> NDArray[np.intp]:
    """Indices to draw: `points` inside the window, a coarse outline outside, in the order of x."""
    if math.isnan(view.low) and math.isnan(view.high):
        return _thin(line, view.points)
    low, high = bounds(view)
    start, stop = np.searchsorted(line.x, low, "left"), np.searchsorted(line.x, high, "right")
    places = np.arange(len(line.x), dtype=np.intp)
    parts = ((places[:start], OUTLINE), (places[start:stop], view.points), (places[stop:], OUTLINE))
    return np.concatenate([part[_thin(line.at(part), points)] for part, points in parts])


def bounds(view: View) -> tuple[float, float]:
    """The window in the measure of the curve's x: a wall time is given in seconds and drawn in milliseconds."""
    unit = 1000 if view.x == "wall_time" else 1
    low = -math.inf if math.isnan(view.low) else view.low * unit
    high = math.inf if math.isnan(view.high) else view.high * unit
    return low, high


def _thin(line: Line, points: int) -> NDArray[np.intp]:
    """The few points that draw the same line; of a band also the lowest and the highest of each part."""
    if not line.banded:
        return downsample(line.y, points)
    shape = np.concatenate([downsample(y, max(4, points // 3)) for y in (line.y, line.low, line.high)])
    return np.unique(shape)


def _sorted(x: Floats) -> NDArray[np.intp]:
    """The order of x: small disorder (ranks, a late evaluation) is sorted for drawing only."""
    if len(x) < 2 or (np.diff(x) >= 0).all():
        return np.arange(len(x), dtype=np.intp)
    return np.argsort(x, kind="stable")
