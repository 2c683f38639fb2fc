"""Numbers and durations as people in this field say them; static/js/words.js says the same. Pure."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context

# Ties go away from zero, as in JavaScript: 12.125 is 12.13 on the page and in the picture.
_FOUR_FIGURES = Context(prec=4, rounding=ROUND_HALF_UP)
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_NEARLY = 0.99995
"""From this part of a unit on, four figures round up to the unit: 999.96 M is 1 B."""


def number_words(value: float | None) -> str:
    """A value as people write it in this field: 0.3824, 3.0e-4, 12,345, 1.2 M; a dash for NaN and None."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if 1e3 <= size < 1e6:
        return f"{math.copysign(math.floor(size + 0.5), value):,.0f}"
    figures = _FOUR_FIGURES.create_decimal_from_float(value)
    rounded = float(figures)
    if size >= 1e15 * _NEARLY or 0 < size < 1e-3:
        mantissa, power = f"{figures:.3e}".split("e")  # the largest floats round to more than a float holds
        return f"{trimmed(mantissa, 1)}e{int(power)}"
    if size >= 1e6:
        unit, word = _unit_of(size)
        return f"{rounded / unit:.4g} {word}"
    if value == int(value):
        return str(int(value))
    return f"{rounded:#.4g}".rstrip(".")


def count_words(count: int) -> str:
    """How many there are: `12,345` in full, `1.2 M` from a million on."""
    if count < 1e6:
        return f"{count:,}"
    unit, word = _unit_of(count)
    return f"{math.floor(count / (unit / 10) + 0.5) / 10:.1f} {word}"


COUNTED = 10_000
"""Series left out that are told apart: so many or more."""


def beyond_words(shown: int, left_out: int) -> str:
    """`2,000 of 5,000 series shown`; nothing where none is left out."""
    if not left_out:
        return ""
    at_least = "at least " if left_out >= COUNTED else ""
    return f"{shown:,} of {at_least}{shown + min(left_out, COUNTED):,} series shown"


def _unit_of(size: float) -> tuple[float, str]:
    """The largest unit that a number from a million on has at least one of."""
    return next((unit, word) for unit, word in _UNITS if size >= unit * _NEARLY)


def trimmed(digits: str, least: int = 0) -> str:
    """The digits without the zeros at the end of their fraction, but for its first `least` decimals."""
    whole, point, fraction = digits.partition(".")
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    return whole + point + fraction if fraction else whole


def in_words(seconds: float) -> str:
    """A duration as people say it, rounded down: `0.4 s`, `48 s`, `14 min`, `1 h 34 min`, `2 d 3 h`."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{math.floor(seconds * 10) / 10:.1f} s"
    if seconds < 60:
        return f"{math.floor(seconds)} s"
    minutes = math.floor(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 24:
        return _pair(hours, "h", minutes % 60, "min")
    return _pair(hours // 24, "d", hours % 24, "h")


def _pair(large: int, name: str, small: int, rest: str) -> str:
    return f"{large} {name} {small} {rest}" if small else f"{large} {name}"
