"""The limit of the points that a worker holds: beyond it the oldest half of the largest run is halved. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.downsample import downsample
from app.rows import POINTS_PER_MARK, Mark
from app.series import Metric
from app.store import KEPT_BATCH_ENDS, POINTS_PER_EVENT, Generation, Run

SPARED = 2000
"""Points of a series that are never worth thinning, where there are not too many series: a chart draws as many."""
LEAST = 8
"""Points that hold both ends, both extremes and a value that is not finite."""

MOST_AT_ONCE = 1 << 18
BLOCK = 8192
"""Points of which those to keep are chosen together: they fit into the cache, and other threads may run between."""

Indices = NDArray[np.intp]


class Limit:
    """How many points all runs of a worker may hold together; 0: as many as come.

    What is thinned is decided at the row that went beyond the limit, however much was read after it. So with one log
    each worker thins the same points. With several it depends on how far each of them was read at that time, and a
    generation that came again may be let go sooner or later.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._due = most
        self._step = max(most // 8, 1000)

    def exceeded(self, points: int) -> bool:
        """Whether so many points are too many."""
        return bool(self._most) and points > self._due

    def kept(self, given: Sequence[Run]) -> list[Run]:
        """The runs, each as it is or thinned, so that they are within the limit.

        The next thinning is due after 1/8 of the limit at the earliest, also where nothing could be thinned: it costs
        a pass over the largest run, so each new point costs a few steps.
        """
        runs = list(given)
        while self.exceeded(points := sum(run.points for run in runs)):
            largest = max(range(len(runs)), key=lambda index: runs[index].points)
            run = runs[largest]
            others = points - run.points
            rows = run.at.size if others else rows_beyond(run, self._due)
            left = others + points_before(run, rows)
            runs[largest] = thinned(run, rows, self._most // 8)
            left -= run.points - runs[largest].points
            self._due = max(self._most, left + self._step)
        return runs


def points_before(run: Run, row: int) -> int:
    """How many points stand in the rows before that one."""
    return sum(_before(metric, row) for metric in run.metrics.values())


def rows_beyond(run: Run, points: int) -> int:
    """The fewest rows that have more than so many points."""
    return 1 + bisect_right(range(run.at.size), points, key=lambda row: points_before(run, row + 1))


def thinned(run: Run, rows: int, spared: int) -> Run:
    """The run with the older half of the points of its first `rows` rows thinned to a half; itself where none can go.

    Of each series the first and the last of those points are kept, the lowest, the highest and a value that is not
    finite of each part, and where a segment begins. Rows without a point go, and so do the marks between. A series
    with few points is left as it is: `spared` points are shared by all. The run that was given stays as it is; it
    must not be added to any more.
    """
    older = points_before(run, rows)
    cut = bisect_left(range(rows), older // 2, key=lambda row: points_before(run, row))
    edges = np.array([generation.first_row for generation in run.generations], dtype=np.uint32)
    names = sum(metric.row.size > 0 and metric.row.view(0, 1)[0] < rows for metric in run.metrics.values())
    floor = max(LEAST, min(SPARED, spared // max(1, names)))
    chosen = {name: _chosen(metric, cut, edges, floor) for name, metric in run.metrics.items()}
    if all(kept is None for kept in chosen.values()):
        return run
    return _Halving(run, cut, chosen).made()


def _rows(metric: Metric) -> NDArray[np.uint32]:
    return metric.row.view(0, metric.row.size)


def _before(metric: Metric, row: int) -> int:
    """How many points of a metric stand in the rows before that one."""
    return int(np.searchsorted(_rows(metric), np.uint32(row)))  # another type would copy the whole column


def _chosen(metric: Metric, cut: int, edges: NDArray[np.uint32], floor: int) -> Indices | None:
    """Which of the points in rows before the cut to keep; None for all of them."""
    count = _before(metric, cut)
    if count <= floor:
        return None
    stays = np.zeros(count, dtype=np.bool_)
    for start, stop in pairwise(np.linspace(0, count, count // BLOCK + 2).astype(np.intp).tolist()):
        most = (stop - start) * max(count // 2, floor) // count
        stays[start + downsample(metric.value.view(start, stop), max(most, LEAST))] = True
    starts = np.union1d(np.array(metric.segments, dtype=np.intp), np.searchsorted(_rows(metric), edges))
    starts = starts[(starts > 0) & (starts < count)]
    if len(starts) <= count // 16:  # else there is a restart at each turn, and to keep all would keep all points
        stays[starts - 1] = stays[starts] = True
    return np.flatnonzero(stays)


class _Halving:
    """One thinning: what is left of the rows before the cut, and the new run made of it."""

    def __init__(self, run: Run, cut: int, chosen: dict[str, Indices | None]) -> None:
        self._run, self._cut, self._chosen = run, cut, chosen
        left = np.zeros(cut, dtype=np.uint32)
        for name, metric in run.metrics.items():
            rows = self._old_rows(name, metric)
            for start in range(0, len(rows), MOST_AT_ONCE):  # it holds the interpreter's lock
                np.add.at(left, rows[start : start + MOST_AT_ONCE], np.uint32(1))
        self._there = left > 0
        self._rows_left = _counted(self._there)
        self._points_left = _counted(left)

    def made(self) -> Run:
        """The new run."""
        run, cut, there = self._run, self._cut, self._there
        new = Run(run.name, run.status.path)
        new.status, new.began, new.dropped = run.status, run.began, run.dropped
        for name in ("at", "step", "epoch", "wall_time"):
            column = getattr(run, name)
            setattr(new, name, column.joined(column.view(0, cut)[there], column.view(cut, column.size)))
        new.metrics = {name: self._metric(name, metric) for name, metric in run.metrics.items()}
        new.points = sum(metric.row.size for metric in new.metrics.values())
        starts = [generation.first_row for generation in run.generations]
        gone = np.diff(self._points_gone([*starts, cut])).tolist()
        new.generations = [self._generation(*each) for each in zip(run.generations, gone, strict=True)]
        for generation, following in zip(new.generations, new.generations[1:], strict=False):
            if following.thinned:
                generation.thinned = generation.end.at + 1  # whoever is at its end would miss what follows
        return new

    def _old_rows(self, name: str, metric: Metric) -> NDArray[np.uint32]:
        """The rows before the cut in which a metric keeps a point."""
        kept = self._chosen[name]
        old = _rows(metric)[: _before(metric, self._cut)]
        return old if kept is None else old[kept]

    def _metric(self, name: str, metric: Metric) -> Metric:
        new, kept = metric.going_on(), self._chosen[name]
        rows, size = _rows(metric), metric.row.size
        count = _before(metric, self._cut)
        gone = 0 if kept is None else count - len(kept)
        rows_gone = self._cut - self._rows_left[-1]
        new.row = metric.row.joined(self._rows_left[self._old_rows(name, metric)], rows[count:] - rows_gone)
        older = metric.value.view(0, count)
        new.value = metric.value.joined(older if kept is None else older[kept], metric.value.view(count, size))
        new.sparse, new.left_out = metric.sparse, metric.left_out + gone
        new.segments = list(metric.segments)
        if kept is not None:
            numbers = metric.numbers(0, count)[kept].astype(np.uint32)
            new.sparse = np.concatenate((numbers, metric.sparse[count:]))
            places = np.searchsorted(kept, metric.segments).tolist()
            moved = (at - gone if at >= count else place for at, place in zip(metric.segments, places, strict=True))
            new.segments = list(dict.fromkeys(moved))
        return new

    def _points_gone(self, rows: list[int]) -> NDArray[np.int64]:
        """How many points before each of the rows were thinned away."""
        within = np.minimum(np.array(rows), self._cut).astype(np.uint32)
        gone: NDArray[np.int64] = -self._points_left[within].astype(np.int64)
        for metric in self._run.metrics.values():
            gone += np.searchsorted(_rows(metric), within)
        return gone

    def _generation(self, old: Generation, points_gone: int) -> Generation:
        """The generation with its marks as the rows and points are now."""
        first = int(self._rows_left[min(old.first_row, self._cut)])
        first += max(0, old.first_row - self._cut)
        last = min(old.first_row + old.end.rows, self._cut)
        if last <= old.first_row:
            return replace(old, first_row=first, kept=list(old.kept), recent=old.recent.copy())
        base = int(self._points_left[old.first_row])
        rows_gone = last - old.first_row - (int(self._rows_left[last]) - first)

        def moved(mark: Mark) -> Mark:
            row = old.first_row + mark.rows
            if row > last:
                return mark._replace(rows=mark.rows - rows_gone, points=mark.points - points_gone)
            points = int(self._points_left[row]) - base
            return mark._replace(rows=int(self._rows_left[row]) - first, points=points)

        thinned = int(self._run.at.view(last - 1, last)[0])
        before = [moved(mark) for mark in old.kept if mark.at <= thinned]
        after = [moved(mark) for mark in old.kept if mark.at > thinned]
        recent = [moved(mark) for mark in old.recent if mark.at > thinned]
        gone = Mark(rows=old.gone.rows + rows_gone, points=old.gone.points + points_gone)
        return replace(
            old,
            first_row=first,
            end=moved(old.end),
            kept=_spaced(before) + after,
            recent=deque(recent, maxlen=KEPT_BATCH_ENDS),
            thinned=thinned,
            gone=gone,
        )


def _counted(values: NDArray[np.uint32] | NDArray[np.bool_]) -> NDArray[np.uint32]:
    """The sum of all values before each, and of all."""
    sums = np.zeros(len(values) + 1, dtype=np.uint32)
    np.cumsum(values, dtype=np.uint32, out=sums[1:])
    return sums


def _spaced(marks: list[Mark]) -> list[Mark]:
    """Of marks between which no place is looked for, as many as events need; the first and the last of them."""
    kept = marks[:1]
    for before, mark in zip(marks, marks[1:], strict=False):
        if mark.points - kept[-1].points > POINTS_PER_EVENT and before.at > kept[-1].at:
            kept.append(before)
        if mark.points - kept[-1].points >= POINTS_PER_MARK:
            kept.append(mark)
    if marks[-1].at > kept[-1].at:
        kept.append(marks[-1])
    return kept
