"""Generations that came again: a file that is rewritten whole holds what it held before, and is one curve, not two."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app import hub
from app.rows import Batch, Mark
from app.series import Metric
from app.store import Generation, Run

MOST_AT_ONCE = 20_000
"""Points of a generation that are compared on the loop; more of them in a thread of their own."""
LATEST = 16
"""Earlier generations that are compared with the newest: a log that is cut ever again must not cost ever more."""
AGAIN = 1.25
"""So much must the newest generation have grown before it is compared again: all comparisons cost a few of the last."""


class Superseded:
    """Looks which generation of a run may be dropped; remembers when to compare again."""

    def __init__(self) -> None:
        self._newest = -1
        self._due: dict[int, float] = {}  # points that the newest must have, by generation
        self._soonest = 0.0

    def left_of(self, run: Run) -> Run:
        """The run without an earlier generation whose points have all come again; itself where there is none."""
        if len(run.generations) < 2:
            return run
        large = run.generations[-1].end.points > MOST_AT_ONCE
        dropped = hub.in_pool(self.find, run) if large else self.find(run)
        if dropped is None:
            return run
        run.status.points -= dropped.given
        return hub.in_pool(without, run, dropped) if large else without(run, dropped)

    def find(self, run: Run) -> Generation | None:
        """An earlier generation with points, all of which the newest one has too: same metric, step and value.

        Of one that was thinned, those that are left are looked for: nothing goes that the newest one does not show.
        Where the newest one was thinned as well, it may lack some of them; then both stay.
        """
        *others, newest = run.generations[-LATEST - 1 :]
        points = newest.given
        if newest.continues:
            return None  # a rotation: what goes on begins nothing anew
        if newest.number == self._newest and points < self._soonest:
            return None
        if newest.number != self._newest:
            self._newest, self._due = newest.number, {g.number: g.end.points for g in others if g.end.points}
        for earlier in others:
            if self._due.get(earlier.number, math.inf) > points:
                continue
            if _stands_in(run, earlier, newest):
                del self._due[earlier.number]
                return earlier
            self._due[earlier.number] = AGAIN * points + 1
        self._soonest = min(self._due.values(), default=math.inf)
        return None


def without(run: Run, dropped: Generation) -> Run:
    """The run as if that generation had never been; it shares its status with the given one, which stays as it is."""
    left = Run(run.name, run.status.path)
    left.status = run.status
    left.dropped = run.dropped + 1
    left.metrics = {name: type(metric)() for name, metric in run.metrics.items()}  # in their order: it gives colours
    for generation in run.generations:
        if generation is dropped:
            continue
        left.begin(generation.number, continues=generation.continues)
        sizes = {name: metric.value.size for name, metric in left.metrics.items()}
        left.add(_rows_of(run, generation))
        if generation.gone.points:
            _keep_segments(run, generation, left, sizes)
        first_row = left.generations[-1].first_row
        kept, recent = list(generation.kept), generation.recent.copy()
        left.generations[-1] = replace(generation, first_row=first_row, kept=kept, recent=recent)
    for name in run.metrics:
        _keep_numbers(run.metrics[name], _points_of(run, name, dropped), left.metrics[name])
    return left


def _keep_segments(run: Run, generation: Generation, left: Run, starts: dict[str, int]) -> None:
    """Put the segments of a thinned generation where they were: of what is left of it, others might be made out."""
    for name, start in starts.items():
        low, high = _points_of(run, name, generation)
        within = [start + index - low for index in run.metrics[name].segments if low < index < high]
        metric = left.metrics[name]
        metric.segments = [index for index in metric.segments if index <= start] + within


def _keep_numbers(whole: Metric, dropped: tuple[int, int], left: Metric) -> None:
    """Number the points that are left as the log would give them without those that are dropped."""
    low, high = dropped
    if not whole.left_out:
        return
    numbers = whole.numbers(0, whole.value.size)
    end = whole.number(high)
    numbers[high:] -= end - whole.number(low)
    sparse = len(whole.sparse) - (min(high, len(whole.sparse)) - min(low, len(whole.sparse)))
    left.sparse = np.delete(numbers, slice(low, high))[:sparse].astype(np.uint32)
    left.left_out = whole.left_out - (end - whole.number(low) - (high - low))


def _rows_of(run: Run, generation: Generation) -> Batch:
    """All rows of a generation."""
    first, rows = generation.first_row, generation.end.rows
    step, epoch, wall_time = (column.view(first, first + rows) for column in (run.step, run.epoch, run.wall_time))
    metrics = {}
    for name, metric in run.metrics.items():
        low, high = _points_of(run, name, generation)
        if high > low:
            row = metric.row.view(low, high) - np.uint32(first)
            metrics[name] = (row, metric.value.view(low, high))
    marks = [generation.end] if generation.end != Mark() else []
    return Batch(generation.number, run.at.view(first, first + rows), step, epoch, wall_time, metrics, marks)


def _points_of(run: Run, name: str, generation: Generation) -> tuple[int, int]:
    """Which points of a metric are of a generation: the first, and the one after the last."""
    row = run.metrics[name].row
    edges = np.array((generation.first_row, generation.first_row + generation.end.rows), dtype=np.uint32)
    low, high = np.searchsorted(row.view(0, row.size), edges)
    return int(low), int(high)


def _stands_in(run: Run, earlier: Generation, newest: Generation) -> bool:
    """Whether each point of one generation is in another one too."""
    for name in run.metrics:
        old, new = _points_of(run, name, earlier), _points_of(run, name, newest)
        if old[1] - old[0] > new[1] - new[0]:
            return False
    return all(np.isin(_keys(run, name, earlier), _keys(run, name, newest)).all() for name in run.metrics)


def _keys(run: Run, name: str, generation: Generation) -> NDArray[np.uint64]:
    """A 64-bit number for each (step, value) of a metric in a generation; the epoch where there is no step."""
    low, high = _points_of(run, name, generation)
    rows = run.metrics[name].row.view(low, high)
    step = run.step.view(0, run.at.size)[rows]
    x = np.where(np.isnan(step), run.epoch.view(0, run.at.size)[rows], step)
    value = run.metrics[name].value.view(low, high)
    # Adding 0 makes one zero of two, and one NaN of many is made by where().
    x, value = (np.where(np.isnan(part), np.nan, part) + 0.0 for part in (x, value))
    keys: NDArray[np.uint64] = x.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    keys ^= keys >> np.uint64(29)
    return (keys + value.view(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
