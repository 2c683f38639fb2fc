"""How a run is getting on: its state, its rate, and when its viewers should hear of it. For display only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from app.fold import Fold
from app.sources import Chunk
from app.status import Status

LOADING = 1 << 20
"""Bytes behind the end of the file from which on the state is "loading"."""
QUIET = 60.0
RATE_WINDOW = 30.0
FACTS_EVERY = 2.0
LOADING_EVERY = 0.25


@dataclass
class Progress:
    """What is remembered of one run's arrivals. Times in s: `now` monotonic, `clock` since 1970."""

    status: Status
    caught_up: bool = False
    """Whether the reading has once reached the end of the log: what comes from then on is news."""
    gap: float = 1.0
    """Usual seconds between two writes."""
    pace: deque[tuple[float, float]] = field(default_factory=deque)
    """(when, step) of the steps that came in the last 30 s."""
    told_at: float = 0.0
    told_lines: int = 0

    def step(self, step: float, now: float) -> None:
        """A row of that step was read."""
        self.status.step = step
        if self.caught_up:
            self.pace.append((now, step))

    def observe(self, fold: Fold, fed: int, chunk: Chunk, now: float, clock: float) -> bool:
        """Bring the status up to date, `fed` bytes of the generation having been read; True: tell the viewers."""
        status = self.status
        if fold.lines != status.lines or chunk.generation != status.generation:
            self._lines_came(chunk, now, clock)
        status.format, status.offset, status.generation = fold.parser.format, fed, chunk.generation
        status.lines, status.understood = fold.lines, fold.lines_understood
        status.skipped, status.unread = fold.skipped, fold.unread
        if fold.names_left_out > status.series_left_out:
            status.series_left_out = fold.names_left_out
            status.revision += 1
        status.rate = self._rate(now)
        before = (status.state, status.reason)
        status.state, status.reason = self._state(chunk, now), chunk.reason
        self.caught_up = self.caught_up or (status.state not in ("loading", "waiting") and fed >= status.size)
        return self._is_news(before, now)

    def _lines_came(self, chunk: Chunk, now: float, clock: float) -> None:
        status = self.status
        if self.caught_up:
            self.gap += 0.2 * (now - (status.last_line or now) - self.gap)
            status.last_line = now
        else:
            status.last_line = now - max(0.0, clock - chunk.changed)

    def _state(self, chunk: Chunk, now: float) -> str:
        status = self.status
        if chunk.state:
            return chunk.state
        behind = status.size - status.offset
        if behind > LOADING or (behind > 0 and status.state == "loading"):
            return "loading"
        if status.total and status.step is not None and status.step >= status.total:
            return "finished"
        if status.last_line is not None and now - status.last_line > max(QUIET, 10 * self.gap):
            return "quiet"
        return "live"

    def _is_news(self, before: tuple[str, str], now: float) -> bool:
        status = self.status
        due = now - self.told_at >= (LOADING_EVERY if status.state == "loading" else FACTS_EVERY)
        if (status.state, status.reason) == before and not (due and status.lines != self.told_lines):
            return False
        self.told_at, self.told_lines = now, status.lines
        status.revision += 1
        return True

    def _rate(self, now: float) -> float | None:
        """Steps per second over the last 30 s of arrivals; None while unknown."""
        pace = self.pace
        while len(pace) > 2 and now - pace[0][0] > RATE_WINDOW:
            pace.popleft()
        if len(pace) >= 2 and pace[-1][0] - pace[0][0] >= 1 and pace[-1][1] > pace[0][1]:
            return (pace[-1][1] - pace[0][1]) / (pace[-1][0] - pace[0][0])
        return None
