"""Samples of a server that has run for a while → what drifts. Pure.

The limits are those of a day in the life of a server: 100 lines a second, 20 viewers who reconnect every minute, a
rotation every 5 minutes, a picture every 10 s. A run that is compressed does so much of each in less time, of some more
than of others: it counts as many hours as the kind that it did least of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PER_HOUR = {"lines": 360_000, "reconnects": 1_200, "rotations": 12, "pictures": 360}
MB_PER_HOUR = 1.0
"""A server with 700 MB to spare goes on for a month."""
STRAY_MB = 4.0
"""What memory may seem to grow by in a run of any length: between two pictures it goes up and down by as much."""
STRAY = 2
"""Descriptors that may be open for a moment: a request, a file that is being opened."""
SLOWER = 1.2
"""How much slower than at first it may become."""
WARM_UP = 0.5
"""Share of the run in which memory and threads may still grow: pools, caches, the points that are held, and most of all
pictures, whose memory levels off after some 300 of them: so a run of less than 10 minutes says too much."""


class Sample(NamedTuple):
    """One look at the server. `seconds` since the start, `rss` in MB; the counts are totals so far."""

    seconds: float
    rss: float
    fds: int
    threads: int
    clients: int
    lines: int
    reconnects: int
    rotations: int
    pictures: int


class Slope(NamedTuple):
    """How memory grows: MB in all, in an hour of the run, for 10⁶ lines; and the hours of life that it stands for."""

    grown: float
    per_hour: float
    per_million_lines: float
    hours: float


def warm(samples: Sequence[Sample]) -> list[Sample]:
    """Those after the warm-up."""
    begin = samples[0].seconds + WARM_UP * (samples[-1].seconds - samples[0].seconds)
    return [sample for sample in samples if sample.seconds >= begin]


def slope(samples: Sequence[Sample]) -> Slope:
    """The straight line through the memory of these samples."""
    seconds = np.array([sample.seconds for sample in samples])
    per_second = float(np.polyfit(seconds - seconds[0], [sample.rss for sample in samples], 1)[0])
    grown = per_second * (seconds[-1] - seconds[0])
    done = {kind: getattr(samples[-1], kind) - getattr(samples[0], kind) for kind in PER_HOUR}
    hours = min((done[kind] / usual for kind, usual in PER_HOUR.items() if done[kind]), default=1.0)
    return Slope(float(grown), 3600 * per_second, float(grown / max(done["lines"], 1) * 1e6), hours)


def p99(times: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Of what was measured between two moments; 0 where nothing was."""
    values = [value for when, value in times if begin <= when <= end]
    return float(np.percentile(values, 99)) if values else 0.0


def quarters(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The p99 of the first quarter after the warm-up, and that of the last."""
    first, last = times[0][0], times[-1][0]
    begin = first + WARM_UP * (last - first)
    quarter = (last - begin) / 4
    return p99(times, begin, begin + quarter), p99(times, last - quarter, last)


def drifts(samples: Sequence[Sample], times: dict[str, list[tuple[float, float]]], noise: float) -> list[str]:
    """What is not as it was, in words. `times`: (when, s) by name; `noise`: s that are no drift."""
    kept = warm(samples)
    found = []
    growth = slope(kept)
    allowed = MB_PER_HOUR * growth.hours + STRAY_MB
    if growth.grown >= allowed:
        found.append(f"memory has grown by {growth.grown:.1f} MB; {allowed:.1f} are allowed for so short a time")
    quarter = max(1, len(kept) // 4)
    others = [sample.fds - sample.clients for sample in kept]  # the descriptors that are not viewers
    more = float(np.median(others[-quarter:]) - np.median(others[:quarter]))
    if abs(more) > STRAY:
        found.append(f"{more:+g} descriptors that are no viewers")
    threads = [sample.threads for sample in kept]
    if max(threads[-quarter:]) > max(threads[:quarter]):
        found.append(f"{max(threads[-quarter:])} threads, {max(threads[:quarter])} at first")
    for name, measured in times.items():
        first, last = quarters(measured)
        if last > SLOWER * first + noise:
            found.append(f"p99 of {name}: {1000 * last:.0f} ms, {1000 * first:.0f} ms at first")
    return found
