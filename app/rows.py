"""What a line says (Fields), what a run is made of (rows in Batches), and where they stand (Position, Mark)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Fields = dict[str, float | str]
"""What one line says: keys as the log spells them, and context in keys that begin with @, which are no metrics:

@total      N of a step `7/N`                    @epochs   E of an epoch `3/E`
@within     the step is one of its epoch         @section  on what data the values are: train, val, eval, dev, test
@loose      neither step nor epoch on the line   @boxed    a row of a box, whose rows are one record
@group      the group of a box's rows to come    @bar      a redrawn bar: 1.0 on its way, 2.0 at its end
@length     steps of an epoch, from its bar
@zoned, @local, @yearless, @clock: the line's time stamp in s, by its kind (`app.stamps`)
"""

Floats = NDArray[np.float64]

NUMBER = r"[+-]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,4})?|(?:nan|inf(?:inity)?)(?![A-Za-z_]))"
"""Possessive, so that a long row of digits costs its length and not the square of it."""
_NUMBER = re.compile(NUMBER, re.ASCII | re.IGNORECASE)
LONGEST_NUMBER = 64
LARGEST_STEP = 2.0**53
LONGEST_NAME = 128

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
