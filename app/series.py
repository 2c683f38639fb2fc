"""The columns of a run, which only grow, and where in a metric's points a new segment begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.rows import Floats

RESTART_STEPS = 64
RESTART_EPOCHS = 1
RESTART_SHARE = 0.05
LARGE = 100_000
"""Values of a column that are copied in less than a millisecond."""

Scalar = TypeVar("Scalar", bound=np.generic)


class Column(Generic[Scalar]):
    """A numpy array that grows at its end, in amortised constant time."""

    def __init__(self, dtype: type[Scalar]) -> None:
        self._array: NDArray[Scalar] = np.empty(64, dtype=dtype)
        self.size = 0

    def joined(self, *parts: NDArray[Any]) -> Column[Scalar]:
        """A new column of these parts, with room to grow in: memory that nobody has written to costs nothing."""
        size = sum(map(len, parts))
        column = Column(self._array.dtype.type)
        column._array = np.empty(size + size // 2 + 64, dtype=self._array.dtype)
        np.concatenate(parts, out=column._array[:size], casting="same_kind")
        column.size = size
        return column

    def lacks_room(self, more: int) -> bool:
        """Whether so many values more would have the column copied, and that takes its time."""
        return LARGE < len(self._array) < self.size + more

    def make_room(self, more: int) -> None:
        """Have room for so many values more. A view that a reader holds keeps its values."""
        size = self.size + more
        if size > len(self._array):
            grown = np.empty(max(size, len(self._array) * 3 // 2), dtype=self._array.dtype)
            grown[: self.size] = self._array[: self.size]
            self._array = grown

    def extend(self, values: NDArray[Any]) -> None:
        """Append the values. A view that a reader holds keeps its values, even where the array is replaced."""
        self.make_room(len(values))
        size = self.size + len(values)
        self._array[self.size : size] = values
        self.size = size

    def view(self, start: int, stop: int) -> NDArray[Scalar]:
        """Values start..stop, read-only."""
        part = self._array[start:stop]
        part.flags.writeable = False
        return part


@dataclass
class Range:
    """The x of a segment so far: it goes back where a restart does, and not where ranks are out of step."""

    slack: float
    """How far back is no restart; or 5 % of the range, if that is more."""
    low: float = math.nan
    high: float = math.nan

    def restarts(self, x: Floats) -> list[int]:
        """The indices at which x goes back too far, the range moved on; NaN goes nowhere."""
        known = x[~np.isnan(x)]
        if not len(known):
            return []
        if not (known.min() < self.high - self.slack or (np.diff(known) < 0).any()):
            self._widen(float(known.min()), float(known.max()))
            return []
        found = []
        for index, at in enumerate(x.tolist()):
            if at < self.high - max(self.slack, RESTART_SHARE * (self.high - self.low)):
                found.append(index)
                self.low = self.high = math.nan
            self._widen(at, at)
        return found

    def _widen(self, low: float, high: float) -> None:
        self.low = float(np.fmin(self.low, low))
        self.high = float(np.fmax(self.high, high))


class Metric:
    """One named scalar series of a run: values, and the row that each stands in."""

    def __init__(self) -> None:
        self.row: Column[np.uint32] = Column(np.uint32)
        self.value: Column[np.float64] = Column(np.float64)
        self.segments: list[int] = []
        """Indices of points at which a new segment begins (a restart, or a log begun anew); the first is 0."""
        self.sparse: NDArray[np.uint32] = np.empty(0, dtype=np.uint32)
        """Of the first points, where some between them were thinned away: the number of each as the log gave them."""
        self.left_out = 0
        """Points that were thinned away: so much higher than its index is the number of a point after those."""
        self._generation = -1
        self._steps = Range(RESTART_STEPS)
        self._epochs = Range(RESTART_EPOCHS)

    def extend(
        self, rows: NDArray[np.uint32], values: Floats, step: Floats, epoch: Floats, generation: int, *, continues: bool
    ) -> None:
        """Append points; `step` and `epoch` are theirs. `continues`: the generation goes on where the last ended."""
        begun = {0} if self._is_new(step[0], epoch[0], generation, continues=continues) else set[int]()
        begun.update(self._steps.restarts(step))
        if np.isnan(step).any():  # points without a step go by their epoch
            begun.update(self._epochs.restarts(np.where(np.isnan(step), epoch, math.nan)))
        self.segments += [self.value.size + index for index in sorted(begun)]
        self.row.extend(rows)
        self.value.extend(values)

    def numbers(self, start: int, stop: int) -> NDArray[np.int64]:
        """The numbers of points start..stop among all that the log gave."""
        numbers = np.arange(start, stop, dtype=np.int64) + self.left_out
        listed = self.sparse[start:stop]
        numbers[: len(listed)] = listed
        return numbers

    def number(self, index: int) -> int:
        """The number of one point among all that the log gave."""
        return int(self.sparse[index]) if index < len(self.sparse) else index + self.left_out

    def going_on(self) -> Metric:
        """A metric without points, which takes those that come as this one would; the rest is to be filled in."""
        metric = Metric()
        metric._generation = self._generation
        metric._steps, metric._epochs = replace(self._steps), replace(self._epochs)
        return metric

    def _is_new(self, step: float, epoch: float, generation: int, *, continues: bool) -> bool:
        """Whether a segment begins with that point: where a log that begins anew does not go on after the last x."""
        same, self._generation = generation == self._generation, generation
        if self.segments and (same or continues or step > self._steps.high or epoch > self._epochs.high):
            return False
        self._steps, self._epochs = Range(RESTART_STEPS), Range(RESTART_EPOCHS)
        return True


class Series(NamedTuple):
    """Points of one metric: arrays of equal length, NaN where the log says nothing."""

    step: Floats
    epoch: Floats
    wall_time: Floats
    value: Floats
    segments: tuple[int, ...]
    """Indices into these arrays where a new segment begins."""
    first: int
    """The number of the first of these points among all of the metric."""
    numbers: NDArray[np.int64] | None = None
    """The number of each among all of the metric; None where they follow the first one by one."""

    @property
    def given(self) -> int:
        """How many points the log gave from the first of these to the last: more than there are, if it was thinned."""
        return len(self.value) if self.numbers is None else int(self.numbers[-1]) - self.first + 1
