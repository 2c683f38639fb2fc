"""Fields → rows: the one place that knows which names mean step, epoch and time, and the only memory across lines."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.stamps import read_stamp

Fields = dict[str, float | str]
"""What one line says: keys as the log spells them. Keys that begin with @ carry context, no metric."""

Floats = NDArray[np.float64]

NUMBER = r"[+-]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,4})?|(?:nan|inf(?:inity)?)(?![A-Za-z_]))"
"""Possessive, so that a long row of digits costs its length and not the square of it."""
_NUMBER = re.compile(NUMBER, re.ASCII | re.IGNORECASE)
LONGEST_NUMBER = 64
LARGEST_STEP = 2.0**53
MOST_METRICS = 2000
LONGEST_NAME = 128

STEP = frozenset(
    [
        "step",
        "steps",
        "global_step",
        "globalstep",
        "iter",
        "iters",
        "iteration",
        "iterations",
        "itr",
        "it",
        "current_step",
        "current_steps",
        "num_updates",
        "total_timesteps",
        "trainer/global_step",
    ]
)
EPOCH = frozenset(["epoch", "epochs", "ep", "current_epoch", "trainer/epoch"])
TOTAL = frozenset(["total_steps", "max_steps", "total_iters", "max_iters", "num_steps"])
WALL_TIME = frozenset("wall_time walltime @timestamp timestamp _timestamp time ts asctime created".split())  # noqa: SIM905
_EARLIEST_WALL_TIME = 1e8  # a smaller "time" is a duration in seconds, not a date after 1973

_ROLES = {"step": STEP, "epoch": EPOCH, "total": TOTAL | {"@total"}, "time": WALL_TIME | {"@time"}}

_HOSTILE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Position(NamedTuple):
    """A place in a run's bytes that checks itself.

    `at`: offset just after a line in the generation; `mark`: CRC-32 of all the generation's bytes before it.
    """

    generation: int
    at: int
    mark: int


START = Position(0, 0, 0)
"""Before the first byte of the first generation."""

MARK_EVERY = 64 * 1024
"""Bytes between two marks, at most, unless one line is longer."""
POINTS_PER_MARK = 2500
"""A mark at the latest after so many points: with a row of 2,000 metrics that is still under 5,000 an event."""


class Mark(NamedTuple):
    """A place whose CRC is known, with the rows and points of the generation before it."""

    at: int = 0
    crc: int = 0
    rows: int = 0
    points: int = 0


@dataclass(frozen=True)
class Batch:
    """Rows of one generation, by column.

    `at` int64; `step`, `epoch`, `wall_time` (s since the Unix epoch) float64, NaN where the log says nothing.
    `metrics`: name → (row indices in this batch, values; NaN and ±inf kept). `marks` rise, the last one is the
    end of the batch; `rows` and `points` in them count from the start of the generation.
    """

    generation: int
    at: NDArray[np.int64]
    step: Floats
    epoch: Floats
    wall_time: Floats
    metrics: dict[str, tuple[NDArray[np.uint32], Floats]]
    marks: list[Mark]
    total: float = math.nan


def read_number(text: str) -> float | None:
    """The number that the whole of `text` is, by an ASCII grammar; None where it is none (`1_000`, `0x10`)."""
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    return float(text)


@lru_cache(maxsize=4096)
def role_of(name: str) -> str:
    """What a name means: step, epoch, total, time or context; "metric" for all others."""
    folded = name.lower().replace(" ", "_").replace("-", "_")
    for role, names in _ROLES.items():
        if folded in names:
            return role
    return "context" if name.startswith("@") else "metric"


def printable(name: str) -> str:
    r"""A name that is safe to show and to send: control, bidi and undecodable characters as `\xNN`."""
    if name.isascii() and name.isprintable():
        return name
    return _HOSTILE.sub(lambda c: ascii(c.group())[1:-1], name)


def clean_name(name: str) -> str:
    """A metric's name as it is kept: printable, at most 128 bytes."""
    name = printable(name[:LONGEST_NAME]) or "(unnamed)"
    if len(name) > LONGEST_NAME // 4 and len(name.encode()) > LONGEST_NAME:
        name = name.encode()[:LONGEST_NAME].decode(errors="ignore")
    return name


@dataclass
class RowBuilder:
    """Turns Fields into rows and remembers, over lines, what later lines leave out.

    A line that prints a step or an epoch and no metric holds for the lines after it (a record over several
    lines). A step that begins anew in each epoch is counted on: in epoch 2 it adds the steps of epoch 1.
    """

    rows: int = 0
    points: int = 0
    total: float = math.nan
    refused: int = 0
    """Numbers that could not be kept: steps beyond 2**53, metrics beyond the 2,000th."""
    _step: float = math.nan
    _epoch: float = math.nan
    _raw_epoch: float = math.nan
    _longest: float = 0.0  # step of this epoch, as printed: an evaluation in between may count its own
    _steps_before: float = 0.0
    _before: dict[float, float] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _at: list[int] = field(default_factory=list)
    _x: array[float] = field(default_factory=lambda: array("d"))
    _metrics: dict[str, tuple[array[int], array[float]]] = field(default_factory=dict)

    def add(self, fields: Fields, at: int) -> bool:
        """Take what the line that ends at `at` says; True when it made a row, that is, has a metric."""
        step = epoch = wall_time = math.nan
        metrics: list[tuple[str, float]] = []
        for name, value in fields.items():
            role = role_of(name)
            if role == "time" and (moment := _moment(name, value)) is not None:
                wall_time = moment
                continue
            number = value if isinstance(value, float) else _number(value)
            if number is None:
                continue
            if role == "step":
                step = self._checked(number)
            elif role == "epoch":
                epoch = number
            elif role == "total":
                self.total = number
            elif role != "context":
                metrics.append((name, number))
        self._remember(step, epoch)
        return self._append(at, wall_time, metrics)

    def build(self, generation: int, marks: list[Mark]) -> Batch:
        """All rows since the last call."""
        x = np.frombuffer(self._x, dtype=np.float64).reshape(-1, 3).T.copy()
        metrics = {
            name: (np.array(rows, dtype=np.uint32), np.array(values, dtype=np.float64))
            for name, (rows, values) in self._metrics.items()
        }
        at = np.array(self._at, dtype=np.int64)
        self._at, self._x, self._metrics = [], array("d"), {}
        return Batch(generation, at, x[0], x[1], x[2], metrics, marks, self.total)

    def _checked(self, step: float) -> float:
        if math.isfinite(step) and abs(step) <= LARGEST_STEP:
            return step
        self.refused += 1
        return math.nan

    def _remember(self, step: float, epoch: float) -> None:
        if not math.isnan(epoch):
            if epoch != self._epoch and math.isnan(step):
                self._step = math.nan  # a new epoch ends the record that the old step belonged to
            self._epoch = epoch
        if not math.isnan(step):
            self._step = self._counted_on(step)

    def _counted_on(self, step: float) -> float:
        """The step over all epochs, where the log counts it from the start of each epoch."""
        epoch = self._epoch
        if epoch != self._raw_epoch:
            if step < self._longest and epoch > self._raw_epoch:
                self._steps_before += self._longest
            elif epoch < self._raw_epoch:
                self._steps_before = self._before.get(epoch, 0.0)
            if len(self._before) < 100_000:
                self._before.setdefault(epoch, self._steps_before)
            self._raw_epoch, self._longest = epoch, 0.0
        self._longest = max(self._longest, step)
        return self._steps_before + step

    def _append(self, at: int, wall_time: float, metrics: list[tuple[str, float]]) -> bool:
        row = len(self._at)
        made = False
        for name, value in metrics:
            columns = self._metrics.get(name) or self._columns(name)
            if columns is not None:
                columns[0].append(row)
                columns[1].append(value)
                self.points += 1
                made = True
        if made:
            self._at.append(at)
            self._x.extend((self._step, self._epoch, wall_time))
            self.rows += 1
        return made

    def _columns(self, name: str) -> tuple[array[int], array[float]] | None:
        shown = clean_name(name)
        if shown not in self._names:
            if len(self._names) >= MOST_METRICS:
                self.refused += 1
                return None
            self._names.add(shown)
        return self._metrics.setdefault(shown, (array("I"), array("d")))


def _moment(name: str, value: float | str) -> float | None:
    """A wall time, s since the Unix epoch; None for a duration that is called time. "@time" has been read already."""
    if name == "@time" and isinstance(value, float):
        return value
    if isinstance(value, str):
        found = read_stamp(value)
        if found:
            return found[0]
        value = read_number(value.strip()) or 0.0  # a CSV gives seconds as text
    return float(value) if _EARLIEST_WALL_TIME < value < 1e11 else None


def _number(value: float | str) -> float | None:
    return read_number(value.strip()) if isinstance(value, str) else float(value)
