"""What was read: runs, their columns that only grow, and the Board that tells readers when they grew.

One thread (or greenlet) publishes; any number read. Readers take no lock: they look at the first n rows of a
column, and those never change.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.hub import Signal
from app.rows import MARK_EVERY, POINTS_PER_MARK, START, Batch, Floats, Mark, Position
from app.series import Column, Metric, Series
from app.status import Status

KEPT_BATCH_ENDS = 256
POINTS_PER_EVENT = 5000
NOWHERE = Mark(at=-(1 << 62))
"""Before a place that is not found any more: further away than anybody would read."""


@dataclass
class Generation:
    """One life of a log file: its rows are `first_row` and following of the run, up to `end.rows` of them."""

    number: int
    first_row: int
    continues: bool = False
    """Whether it goes on where the one before ended (a rotation)."""
    end: Mark = Mark()
    kept: list[Mark] = field(default_factory=lambda: [Mark()])
    recent: deque[Mark] = field(default_factory=lambda: deque(maxlen=KEPT_BATCH_ENDS))
    thinned: int = 0
    """The rows up to this offset were thinned: no place before it is found any more."""
    gone: Mark = Mark()
    """Its `rows` and `points`: so many were thinned away."""

    @property
    def given(self) -> int:
        """The points that the log gave, those that were thinned away too."""
        return self.end.points + self.gone.points

    def add(self, marks: list[Mark]) -> None:
        """Keep a mark every 64 KiB or 2,500 points for good, and the latest of the others.

        Their rows and points are those that the log gave; kept are those that are left.
        """
        if self.gone.rows or self.gone.points:
            gone = self.gone
            marks = [mark._replace(rows=mark.rows - gone.rows, points=mark.points - gone.points) for mark in marks]
        before = self.end
        for mark in marks:
            if mark.points - self.kept[-1].points > POINTS_PER_EVENT and before.at > self.kept[-1].at:
                self.kept.append(before)  # no event may need more than one step between two kept marks
            if mark.at - self.kept[-1].at >= MARK_EVERY or mark.points - self.kept[-1].points >= POINTS_PER_MARK:
                self.kept.append(mark)
            else:
                self.recent.append(mark)
            before = mark
        self.end = marks[-1]

    def mark_before(self, at: int) -> Mark:
        """The last known mark at or before the offset `at`, from which the place can be found; else `NOWHERE`."""
        return NOWHERE if at < self.thinned else self.known_before(at)

    def known_before(self, at: int) -> Mark:
        """The last known mark at or before the offset `at`."""
        best = self.kept[bisect_right(self.kept, at, key=lambda mark: mark.at) - 1]
        for mark in self.recent:
            if best.at < mark.at <= at:
                best = mark
        return best

    def event_end(self, at: int) -> Mark:
        """The furthest known mark after `at` that leaves at most 5,000 points between, or else the next one."""
        limit = self.known_before(at).points + POINTS_PER_EVENT
        if self.end.points <= limit:
            return self.end
        following = bisect_right(self.kept, at, key=lambda mark: mark.at)
        furthest = bisect_right(self.kept, limit, key=lambda mark: mark.points) - 1
        best = max(following, furthest)
        return self.kept[best] if best < len(self.kept) else self.end


class Run:
    """One log: its generations in order, and the rows of all of them."""

    def __init__(self, name: str, path: str = "") -> None:
        self.name = name
        self.key = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:6]
        self.status = Status(path=path)
        self.generations: list[Generation] = []
        self.metrics: dict[str, Metric] = {}
        self.at: Column[np.int64] = Column(np.int64)
        self.step: Column[np.float64] = Column(np.float64)
        self.epoch: Column[np.float64] = Column(np.float64)
        self.wall_time: Column[np.float64] = Column(np.float64)
        self.began = math.nan
        """Wall time of the first row that has one, s since the Unix epoch."""
        self.points = 0
        """Points that are held, of all metrics."""
        self.dropped = 0
        """How often a generation was let go because its points had all come again."""

    @property
    def end(self) -> Position:
        """The place after the last line that was published."""
        if not self.generations:
            return START
        last = self.generations[-1]
        return Position(last.number, last.end.at, last.end.crc)

    def begin(self, number: int, *, continues: bool = False) -> None:
        """Begin a generation. `continues`: it goes on where the one before ended."""
        self.generations.append(Generation(number, self.at.size, continues))

    def add(self, batch: Batch) -> None:
        """Append a batch; the marks come last, so that a reader who sees them sees all of their rows."""
        if not self.generations or self.generations[-1].number != batch.generation:
            self.begin(batch.generation)
        if not batch.marks:
            return
        first = self.at.size
        continues = self.generations[-1].continues
        self.at.extend(batch.at)
        self.step.extend(batch.step)
        self.epoch.extend(batch.epoch)
        self.wall_time.extend(batch.wall_time)
        if math.isnan(self.began) and not np.isnan(batch.wall_time).all():
            self.began = float(batch.wall_time[~np.isnan(batch.wall_time)][0])
        for name, (rows, values) in batch.metrics.items():
            metric = self.metrics.get(name)
            if metric is None:
                metric = self.metrics[name] = Metric()
            self.points += len(values)
            step, epoch = batch.step[rows], batch.epoch[rows]
            metric.extend(rows + np.uint32(first), values, step, epoch, batch.generation, continues=continues)
        self.generations[-1].add(batch.marks)

    def lacks_room(self, batch: Batch) -> bool:
        """Whether to add the batch would take long because columns have to be copied; then `make_room` first."""
        return any(column.lacks_room(more) for column, more in self._growth(batch))

    def make_room(self, batch: Batch) -> None:
        """Copy the columns that have no room for the batch; in any thread, as long as nobody adds to the run."""
        for column, more in self._growth(batch):
            column.make_room(more)

    def _growth(self, batch: Batch) -> Iterator[tuple[Column[Any], int]]:
        """Each column that the batch would add to, and how much."""
        yield from ((column, len(batch.at)) for column in (self.at, self.step, self.epoch, self.wall_time))
        for name, (_, values) in batch.metrics.items():
            if name in self.metrics:
                yield from ((column, len(values)) for column in (self.metrics[name].row, self.metrics[name].value))

    def rows_until(self, position: Position) -> int:
        """How many rows of the run lie before a position that this worker has read."""
        generation = self.generation(position.generation)
        if generation is None:
            return 0
        at = self.at.view(generation.first_row, generation.first_row + generation.end.rows)
        return generation.first_row + int(np.searchsorted(at, position.at, side="right"))

    def generation(self, number: int) -> Generation | None:
        """The generation of that number, None where this worker has none."""
        return next((g for g in self.generations if g.number == number), None)

    def goes_on(self, before: Run, position: Position) -> bool:
        """Whether a reader who is at `position` of `before`, whose place this run took, may go on here.

        What he has must not have been taken back, and what follows must not have been thinned.
        """
        if self.dropped != before.dropped:
            return False
        generation = self.generation(position.generation)
        return position == START or (generation is not None and position.at >= generation.thinned)

    def next_stop(self, position: Position) -> Position:
        """Where the next event from `position` ends: at most 5,000 points on, in the same generation or the next."""
        for generation in self.generations:
            if generation.number < position.generation:
                continue
            at = position.at if generation.number == position.generation else 0
            if generation.end.at > at:
                stop = generation.event_end(at)
                return Position(generation.number, stop.at, stop.crc)
        return position

    def values(self, metric: str) -> tuple[Floats, float]:
        """All values of a metric, and the step of the last one; far cheaper than its `series`."""
        column = self.metrics[metric]
        values = column.value.view(0, column.value.size)
        last = int(column.row.view(0, len(values))[-1])
        return values, float(self.step.view(0, self.at.size)[last])

    def series(self, metric: str, start: int = 0, stop: int | None = None) -> Series:
        """The points of a metric in rows start..stop of the run (default: all that are published)."""
        column = self.metrics[metric]
        size = column.value.size
        rows = column.row.view(0, size)
        # Of its own type, or the whole column would be copied to another one.
        low = int(np.searchsorted(rows, np.uint32(start))) if start else 0
        high = size if stop is None else int(np.searchsorted(rows, np.uint32(stop)))
        rows = rows[low:high]
        whole = self.at.size
        return Series(
            self.step.view(0, whole)[rows],
            self.epoch.view(0, whole)[rows],
            self.wall_time.view(0, whole)[rows],
            column.value.view(low, high),
            tuple(index - low for index in column.segments if low <= index < high),
            column.number(low),
            column.numbers(low, high) if low < min(high, len(column.sparse)) else None,
        )


class Board:
    """All runs, and the one signal that something changed."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.revision = 0
        """Rises with every change that a reader may want to see."""
        self.replaced = 0
        """Rises whenever a run took the place of another one."""
        self.clients = 0
        self._changed = Signal()

    def add(self, run: Run) -> None:
        """Show a run from now on."""
        self.runs[run.name] = run
        self.notify()

    def replace(self, run: Run) -> None:
        """Show a run in the place of the one of the same name. Who reads the other one goes on reading it."""
        if run.name in self.runs:
            self.runs[run.name] = run
            self.replaced += 1
        self.notify()

    def publish(self, run: Run, batch: Batch) -> None:
        """Append a batch to its run and wake who waits."""
        run.add(batch)
        self.notify()

    def notify(self) -> None:
        """Say that something changed."""
        self.revision += 1
        self._changed.notify()

    def wait(self, revision: int, timeout: float) -> bool:
        """Wait (at most `timeout` s) until the revision is beyond the one given; True when it is."""
        return self._changed.wait(lambda: self.revision != revision, timeout)


def changes(runs: list[Run], cursor: list[Position]) -> Iterator[tuple[int, Position]]:
    """What the next event after a cursor covers: (index of the run, where it ends there), 5,000 points in all.

    The first run that has something new is always served, so a reader gets on.
    """
    points = 0
    for index, (run, position) in enumerate(zip(runs, cursor, strict=True)):
        stop = run.next_stop(position)
        if stop == position:
            continue
        generation = run.generation(stop.generation)
        assert generation is not None
        same = stop.generation == position.generation
        before = generation.known_before(position.at if same else 0)
        grown = generation.known_before(stop.at).points - before.points
        if points and points + grown > POINTS_PER_EVENT:
            continue
        points += grown
        yield index, stop
