"""Series and View → the x and y to draw: which axis, which window, which few of many points. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.downsample import downsample
from app.rows import Floats
from app.store import Series
from app.view import View

EARLIEST_DATE = 1e8
"""s since the Unix epoch: what is earlier was counted from 1970 because the log prints no date, or no year."""
OUTLINE = 200
"""Points on each side of a zoomed window: enough for its surroundings."""


class Curve(NamedTuple):
    """The points of one metric in a view: x, y and which kind of x it is."""

    x: Floats
    y: Floats
    kind: str
    origin: float
    segments: tuple[int, ...]
    left_out: int
    """Points without an x of that kind."""


def axis_of(series: Series, axis: str, began: float = math.nan) -> tuple[str, Floats]:
    """Which x a series has, and its values: the one asked for, or else step, epoch, or the number of the point.

    The first of them that most of its points have; NaN where a point has none.
    `began`: zero of relative time, s since the Unix epoch.
    """
    if axis == "wall_time" and (series.wall_time < EARLIEST_DATE).any():
        axis = "relative"  # the log prints no date, or no year
    index = np.arange(series.first, series.first + len(series.value), dtype=np.float64)
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
    return Curve(x, y, kind, origin, segments, left_out)


def older_points(curve: Curve, cut: int, view: View) -> tuple[Floats, Floats]:
    """All segments before the newest, thinned together, with a gap between each two."""
    starts = [start for start in curve.segments if start < cut] + [cut]
    share = max(4, view.points // (len(starts) - 1))
    xs: list[Floats] = []
    ys: list[Floats] = []
    for start, stop in zip(starts, starts[1:], strict=False):
        kept = _thin(curve.x[start:stop], curve.y[start:stop], share)
        xs += [curve.x[start:stop][kept], curve.x[stop - 1 : stop]]
        ys += [curve.y[start:stop][kept], np.array([math.nan])]
    return np.concatenate(xs), np.concatenate(ys)


def in_view(x: Floats, y: Floats, view: View) -> NDArray[np.intp]:
    """Indices to draw: `points` inside the window, a coarse outline outside, in the order of x."""
    if math.isnan(view.low) and math.isnan(view.high):
        return _thin(x, y, view.points)
    low, high = bounds(view)
    order = _sorted(x)
    start, stop = np.searchsorted(x[order], low, "left"), np.searchsorted(x[order], high, "right")
    parts = ((order[:start], OUTLINE), (order[start:stop], view.points), (order[stop:], OUTLINE))
    return np.concatenate([chosen[downsample(y[chosen], points)] for chosen, points in parts])


def bounds(view: View) -> tuple[float, float]:
    """The window in the measure of the curve's x: a wall time is given in seconds and drawn in milliseconds."""
    unit = 1000 if view.x == "wall_time" else 1
    low = -math.inf if math.isnan(view.low) else view.low * unit
    high = math.inf if math.isnan(view.high) else view.high * unit
    return low, high


def _thin(x: Floats, y: Floats, points: int) -> NDArray[np.intp]:
    order = _sorted(x)
    return order[downsample(y[order], points)]


def _sorted(x: Floats) -> NDArray[np.intp]:
    """The order of x: small disorder (ranks, a late evaluation) is sorted for drawing only."""
    if len(x) < 2 or (np.diff(x) >= 0).all():
        return np.arange(len(x), dtype=np.intp)
    return np.argsort(x, kind="stable")
