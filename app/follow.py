"""The Follower: the one loop that polls the sources, folds what they give, and publishes it to the Board."""

from __future__ import annotations

import logging
import random
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from app import hub
from app.fold import Fold
from app.progress import Progress
from app.reading import DEFAULT, Reading
from app.rows import START, Batch, Position, printable
from app.sources import Chunk, Found, Source, find_runs
from app.store import Board, Generation, Run

log = logging.getLogger("tailplot")

SLICE_SECONDS = 0.002
SMALLEST_SLICE, LARGEST_SLICE = 1024, 64 * 1024
MOST_FIRST = 36**4
POLL = 0.25
SAFETY_POLL = 0.5
"""Seconds between polls where a watcher wakes us too: it may miss a change, and never sees a lying file system."""
DISCOVER = 1.0
HEALTHY = 10.0
FIRST_POLL = 1.0


class Later(Enum):
    """Why a position cannot be judged yet."""

    READING = "the log is at least that long, and still being read"
    ABSENT = "no life of the log that is known here has those bytes; another worker may be a poll ahead"


@dataclass
class Tail:
    """One run that is being followed: its source, and the fold over the present generation."""

    run: Run
    key: str
    source: Source
    watched: bool
    progress: Progress
    fold: Fold
    fed: int = 0
    """Bytes of the generation that the fold has been given."""


class Follower:
    """Follows the logs that the arguments stand for, from `ensure_running()` until the server stops."""

    def __init__(self, board: Board, specs: Sequence[str], watch: str = "auto", reading: Reading = DEFAULT) -> None:
        self._board = board
        self._specs = specs
        self._watch = watch
        self._reading = reading
        self._first = random.randrange(1, MOST_FIRST)
        """Number of the first generation of each run here."""
        self._tails: dict[str, Tail] = {}
        self._paths: set[str] = set()
        self._slice = SMALLEST_SLICE
        self._running = False
        self._woken = False
        self._wake = hub.Signal()
        self._first_poll = hub.Signal()
        self._discovered = -DISCOVER
        self._ready = False
        self._last_poll = time.monotonic()
        self._told: set[str] = set()

    def ensure_running(self) -> None:
        """Start the loop, once."""
        if not self._running:
            self._running = True
            hub.spawn(self._follow)

    def healthy(self) -> bool:
        """Whether the last poll came back within the last 10 s; not before the first one has."""
        return self._ready and time.monotonic() - self._last_poll < HEALTHY

    def wait_for_first_poll(self) -> None:
        """Wait (at most 1 s) until every log that is there has been looked at once: before, all would seem empty."""
        if self._running and not self._ready:
            self._first_poll.wait(lambda: self._ready, FIRST_POLL)

    def reading(self) -> bool:
        """Whether logs that are not on the board yet are still being read for the first time."""
        if not self._ready:
            return True
        return any(
            name not in self._board.runs and tail.fed < tail.run.status.size for name, tail in self._tails.items()
        )

    def find(self, run: Run, wanted: Position) -> Position | Later:
        """The place in this worker's reading of the run that has the same bytes before it.

        The generation in `wanted` is a hint, tried first: it tells two lives with the same beginning apart. Each
        worker numbers from a number of its own, so the hints of another one point to nothing.
        """
        if wanted == START:
            return wanted  # also where nothing of the log is there yet
        tail = self._tails.get(run.name)
        if tail is None or not self._ready:
            return Later.READING
        for generation in _by_likelihood(run, wanted.generation):
            if self._mark_at(tail.source, generation, wanted.at) == wanted.mark:
                return Position(generation.number, wanted.at, wanted.mark)
        return Later.READING if run.end.at < wanted.at <= run.status.size else Later.ABSENT

    def _mark_at(self, source: Source, generation: Generation, at: int) -> int | None:
        """The CRC of the generation's bytes before `at`; None where they were never read, or are gone."""
        if at > generation.end.at:
            return None
        mark = generation.mark_before(at)
        if mark.at == at:
            return mark.crc
        between = hub.off_hub(source.read, generation.number - self._first, mark.at, at)
        return None if between is None else zlib.crc32(between, mark.crc)

    # -- the loop --------------------------------------------------------------------------------------

    def _follow(self) -> None:
        while not hub.stopping():
            more = False
            try:
                more = self._turn()
            except Exception as error:  # the one loop that must survive; said once per cause
                self._log_once(f"{type(error).__name__}: {error}")
            if not more:
                self._wake.wait(lambda: self._woken, POLL if self._unwatched() else SAFETY_POLL)
            self._woken = False

    def _turn(self) -> bool:
        """Poll every source once; True when one of them has more to read."""
        if time.monotonic() - self._discovered >= DISCOVER:
            self._discover()
            self._discovered = time.monotonic()
        tails = list(self._tails.values())
        chunks = hub.off_hub(_poll_all, [tail.source for tail in tails])
        self._last_poll = time.monotonic()
        for tail, chunk in zip(tails, chunks, strict=True):
            try:
                self._take(tail, chunk)
            except Exception as error:  # a fault with one log must not cost the others their chunks
                self._log_once(f"{tail.run.name}: {type(error).__name__}: {error}")
            self._last_poll = time.monotonic()
            if chunk.state == "waiting" and tail.run.name not in self._board.runs:
                tail.source.close()  # a file of a folder that went before it had a metric
                del self._tails[tail.run.name]
                self._paths.discard(tail.key)
        if not self._ready:
            self._ready = True
            self._first_poll.notify()
        return any(chunk.more and not chunk.state for chunk in chunks)

    def _discover(self) -> None:
        for name, found in hub.off_hub(find_runs, self._specs).items():
            if found.key not in self._paths:  # a new file never renames a run, so its name may be taken
                self._paths.add(found.key)
                self._open(printable(found.key if name in self._tails else name), found)

    def _open(self, name: str, found: Found) -> None:
        run, source = Run(name, printable(found.key)), found.open()
        path = hub.off_hub(source.local_path) if self._watch == "auto" else ""
        watched = bool(path) and hub.changed(path, self._on_change)
        self._tails[name] = Tail(
            run, found.key, source, watched, Progress(run.status), Fold(self._first, self._reading)
        )
        if not found.listed:
            self._board.add(run)

    def _unwatched(self) -> bool:
        return any(not tail.watched for tail in self._tails.values())

    def _on_change(self) -> None:
        self._woken = True
        self._wake.notify()

    def _log_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.exception("the follower goes on after: %s", ascii(text)[:300])

    # -- one chunk -------------------------------------------------------------------------------------

    def _take(self, tail: Tail, chunk: Chunk) -> None:
        status = tail.run.status
        generation = self._first + chunk.generation
        if generation != tail.fold.generation:
            self._publish(tail, tail.fold.close())
            tail.fold, tail.fed = Fold(generation, self._reading), 0
            status.step = status.total = None
        status.size = chunk.size
        self._note(tail, chunk)
        at = 0
        while at < len(chunk.data):
            piece = chunk.data[at : at + self._slice]
            before = time.perf_counter()
            self._publish(tail, tail.fold.feed(piece))
            at += len(piece)
            tail.fed += len(piece)
            self._observe(tail, chunk)
            self._adapt(len(piece), time.perf_counter() - before)
            hub.breathe()
        self._observe(tail, chunk)
        self._note_faults(tail)

    def _adapt(self, size: int, seconds: float) -> None:
        """Choose the next slice so that it takes about 2 ms: then the others on the loop have their turn."""
        fitting = int(size * SLICE_SECONDS / max(seconds, 1e-6))
        self._slice = max(SMALLEST_SLICE, min(fitting, 2 * self._slice, LARGEST_SLICE))

    def _publish(self, tail: Tail, batch: Batch) -> None:
        run, status = tail.run, tail.run.status
        if not batch.marks:
            return
        status.points += sum(len(values) for _, values in batch.metrics.values())
        if run.name not in self._board.runs and status.points:
            self._board.add(run)
        self._board.publish(run, batch)
        if len(batch.step) and not np.isnan(batch.step[-1]):
            tail.progress.step(float(batch.step[-1]), time.monotonic())
        if not np.isnan(batch.total):
            status.total = batch.total

    def _observe(self, tail: Tail, chunk: Chunk) -> None:
        if tail.progress.observe(tail.fold, tail.fed, chunk, time.monotonic(), time.time()):
            self._board.notify()

    def _note(self, tail: Tail, chunk: Chunk) -> None:
        """Keep what happened to the log, and say it once in the server's log."""
        status = tail.run.status
        for kind, text in chunk.notices:
            status.note(kind, printable(text), time.time())
            log.warning("%s: %s", ascii(tail.run.name), ascii(text))

    def _note_faults(self, tail: Tail) -> None:
        """Tell the run's viewers what is wrong with the hook, as far as this run has met it."""
        new = [tail.run.status.note_once("hook", printable(text), time.time()) for text in self._reading.faults.take()]
        if any(new):
            self._board.notify()


def _poll_all(sources: list[Source]) -> list[Chunk]:
    return [source.poll() for source in sources]


def _by_likelihood(run: Run, hint: int) -> list[Generation]:
    hinted = run.generation(hint)
    others = [g for g in reversed(run.generations) if g is not hinted]
    return ([hinted] if hinted else []) + others
