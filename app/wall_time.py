"""Time stamps → wall time, in s since the Unix epoch: which zone they are of, and which day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.rows import read_number
from app.stamps import read_stamp

_EARLIEST = 1e8  # a smaller "time" is a duration in seconds, not a date after 1973
_LATEST = 1e11
_DAY = 86400.0


@dataclass
class WallTime:
    """Reads the time stamps of a log in order; remembers how often midnight came.

    `zone`: of stamps that name none.
    """

    zone: tzinfo = UTC
    _clock: float = 0.0
    _midnights: float = 0.0

    def of_stamp(self, kind: str, seconds: float) -> float:
        """Of a line's own stamp, by its kind (`app.stamps`); without a date counted from 1970-01-01."""
        if not abs(seconds) < _LATEST:
            return math.nan
        if kind == "@clock":
            if seconds < self._clock - _DAY / 2:
                self._midnights += _DAY
            self._clock = seconds
            return self._midnights + seconds
        if kind == "@local":
            return self._in_zone(seconds)
        return seconds if kind in ("@zoned", "@yearless") else math.nan

    def of_value(self, value: float | str) -> float | None:
        """Of a value of a record that is called time; None where it is a duration."""
        if isinstance(value, str):
            stamp = read_stamp(value)
            if stamp and stamp.kind in ("zoned", "local"):
                return stamp.seconds if stamp.kind == "zoned" else self._in_zone(stamp.seconds)
            value = read_number(value.strip()) or 0.0  # a CSV gives seconds as text
        return float(value) if _EARLIEST < value < _LATEST else None

    def _in_zone(self, seconds: float) -> float:
        """The moment of a stamp that was read as UTC and is one of the zone."""
        if self.zone is UTC:
            return seconds
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=self.zone).timestamp()
