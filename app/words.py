"""Numbers and durations as people in this field say them. Pure."""

from __future__ import annotations

import math


def number_words(value: float | None) -> str:
    """Give a value as people write it in this field: 0.3824, 3.0e-4, 12,345, 1.2 M."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1e15 or 0 < size <= 1e-3:
        mantissa, power = f"{value:.3e}".split("e")
        return f"{trimmed(mantissa, 1)}e{int(power)}"
    for unit, word in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if size >= unit:
            return f"{value / unit:.4g} {word}"
    if size >= 1e3 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:#.4g}".rstrip(".")


def trimmed(digits: str, least: int = 0) -> str:
    """Drop the zeros at the end of a fraction, but for the first `least` decimals."""
    whole, point, fraction = digits.partition(".")
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    return whole + point + fraction if fraction else whole


def in_words(seconds: float) -> str:
    """A duration as people say it: `48 s`, `14 min`, `1 h 34 min`, `2 d 3 h`."""
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"
