"""How values become px along an axis, and which of them are worded there. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from app.rows import Floats
from app.words import trimmed

Ticks = list[tuple[float, str]]
"""Px, or the measure of the axis, and words."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECOND, MINUTE, HOUR, DAY = 1e3, 6e4, 36e5, 864e5  # in the ms of a date axis
CLOCK_STEPS = (
    *(k * SECOND for k in (1, 2, 5, 10, 15, 30)),
    *(k * MINUTE for k in (1, 2, 5, 10, 15, 30)),
    *(k * HOUR for k in (1, 2, 3, 6, 12)),
    *(k * DAY for k in (1, 2, 7, 14, 28, 91, 182, 364)),
)


class Scale(NamedTuple):
    """How the values of one axis become px: `kind` is linear, log or date.

    `low` and `high` are in the axis's own measure: log10 of the value where it is "log".
    """

    kind: str
    low: float
    high: float
    start: float
    end: float

    def px(self, measures: Floats) -> Floats:
        """The px of values already in the axis's measure; NaN stays NaN."""
        return self.start + (measures - self.low) / (self.high - self.low) * (self.end - self.start)


def measured(values: Floats, kind: str) -> Floats:
    """The values in the measure of an axis: log10 where it is "log", NaN where it has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.log10(values) if kind == "log" else np.clip(values, -1e300, 1e300)
    return np.where(np.isfinite(values), values, np.nan)


def scale_of(axis: dict[str, Any], curves: Sequence[Floats], start: float, end: float, margin: float) -> Scale:
    """The scale that shows all curves, or the axis's own `range` where it has one.

    `margin` is the part of the span left free at both ends.
    """
    kind: str = axis["type"]
    if "range" in axis:
        low, high = (min(max(float(bound), -1e300), 1e300) for bound in axis["range"])
        margin = 0.0
    else:
        finite = [curve[np.isfinite(curve)] for curve in curves]
        finite = [curve for curve in finite if len(curve)]
        low = min((float(curve.min()) for curve in finite), default=0.0)
        high = max((float(curve.max()) for curve in finite), default=1.0)
    span = high - low
    largest = max(abs(low), abs(high))
    if span <= max(1e-12 * largest, 1e-290):
        # One value only: it stands in the middle, and its own tick can be told from the next.
        half = {"log": 0.5, "date": MINUTE}.get(kind, 0.1 * largest)
        half = max(half or 1.0, 1e-9 * largest, 1e-280)
        return Scale(kind, low - half, high + half, start, end)
    return Scale(kind, low - margin * span, high + margin * span, start, end)


def ticks_of(scale: Scale, count: int) -> Ticks:
    """The ticks of an axis, about `count` of them: px and words."""
    worded = {"log": _log_ticks, "date": _date_ticks}.get(scale.kind, _linear_ticks)
    found = worded(scale.low, scale.high, count)
    places = scale.px(np.array([at for at, _ in found], dtype=np.float64))
    return [(float(at), words) for at, (_, words) in zip(places, found, strict=True)]


def _linear_ticks(low: float, high: float, count: int) -> Ticks:
    step = nice_step((high - low) / count)
    values = multiples(low, high, step)
    return list(zip(values, tick_words(values, step), strict=True))


def nice_step(rough: float) -> float:
    """The 1, 2 or 5 times a power of ten that is nearest to `rough`, as a ratio."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1, 2, 5, 10), key=lambda k: abs(math.log10(k * power / rough)))


def multiples(low: float, high: float, step: float) -> list[float]:
    """The multiples of a step from low to high, both included."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _log_ticks(low: float, high: float, count: int) -> Ticks:
    """Ticks at powers of ten, with 2 and 5 between where there are few, else evenly."""
    if high - low < 0.8 and max(abs(low), abs(high)) < 300:  # beyond, the values themselves are no floats
        step = nice_step((10.0**high - 10.0**low) / count)
        values = [value for value in multiples(10.0**low, 10.0**high, step) if value > 0]
        return list(zip(map(math.log10, values), tick_words(values, step), strict=True))
    stride = max(1, math.ceil((high - low) / count))
    powers = [p for p in range(math.floor(low), math.ceil(high) + 1) if p % stride == 0]
    mantissas = (1, 2, 5) if high - low < count / 3 else (1,)
    places = [(p + math.log10(k), power_words(k, p)) for p in powers for k in mantissas]
    return [(at, words) for at, words in places if low <= at <= high]


def power_words(times: int, power: int) -> str:
    """`times` 10 to a power as an axis says it: 1e-4, 0.02, 500, 10k, 1e12."""
    if -3 < power < 12:
        return tick_words([times * 10.0**power], 10.0**power)[0]
    return f"{times}e{power}"


def _date_ticks(low: float, high: float, count: int) -> Ticks:
    rough = (high - low) / count
    if rough < SECOND:
        values = multiples(low, high, max(1.0, nice_step(rough)))
        return [(at, _stamp(at, "%H:%M:%S.%f")[:-3]) for at in values]
    # The nearest step as a ratio is less than twice the rough one, so that even a short axis has a tick.
    nearest = min(CLOCK_STEPS, key=lambda k: abs(math.log(k / rough)))
    step = nearest if rough <= CLOCK_STEPS[-1] else DAY * nice_step(rough / DAY)
    form = "%H:%M:%S" if step < MINUTE else "%H:%M"
    # Midnight says which day begins.
    return [(at, _stamp(at, form if at % DAY else "day")) for at in multiples(low, high, step)]


def _stamp(ms: float, form: str) -> str:
    """A time in ms since the epoch, in UTC; nothing where the calendar has no such year."""
    try:
        when = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    except OverflowError:
        return ""
    # Not %b: strftime speaks the server's language.
    return f"{MONTHS[when.month - 1]} {when.day}" if form == "day" else when.strftime(form)


def tick_words(values: Sequence[float], step: float) -> list[str]:
    """The words of ticks of an axis whose neighbours are `step` apart: 3e-4, 0.25, 500, 10k, 1.2M."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= 1e12 or (largest < 0.01 and step < 9.9e-4):
        return [_power_form(value, step) for value in values]
    return [_plain_form(value, step) for value in values]


def _power_form(value: float, step: float) -> str:
    if abs(value) < step / 2:
        return "0"
    digits = math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9)
    mantissa, power = f"{value:.{min(15, max(0, digits))}e}".split("e")
    return f"{trimmed(mantissa)}e{int(power)}"


def _plain_form(value: float, step: float) -> str:
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit * (1 - 1e-9):
            return trimmed(f"{value / unit:.{_decimals(step / unit)}f}") + letter
    return f"{value:.{_decimals(step)}f}" if abs(value) > step / 2 else "0"


def _decimals(step: float) -> int:
    """How many decimals tell multiples of a step apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))
