"""The Follower: the one loop that polls the sources, folds what they give, and publishes it to the Board."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app import hub
from app.fold import Fold
from app.progress import Progress
from app.reading import DEFAULT, Reading
from app.resume import Later, find
from app.rows import START, Batch, Position, printable
from app.slices import Slices
from app.sources import Chunk, Found, Source, find_runs
from app.store import Board, Run
from app.superseded import Superseded
from app.thinning import Limit

log = logging.getLogger("tailplot")

LARGEST_SLICE = 64 * 1024
MOST_FIRST = 36**4
POLL = 0.25
SAFETY_POLL = 0.5
"""Seconds between polls where a watcher wakes us too: it may miss a change, and never sees a lying file system."""
DISCOVER = 1.0
HEALTHY = 10.0
STALLED = 5.0
"""Seconds without an answer of a disk after which viewers hear of it."""
MAY_COME_AGAIN = ("truncated", "rewritten", "replaced")
OVERWRITTEN = ("truncated", "rewritten")
"""Notices of a generation whose last bytes may be gone unread: half a line of it is no line."""
FIRST_POLL = 1.0
TOO_MANY = "There are more points than --max-points: of the oldest about every second is kept, and every extreme"


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
    unsaid: list[tuple[str, str]] = field(default_factory=list)
    """Notices of a log that was written anew: no news where all of it comes again (a CSV at each epoch)."""
    superseded: Superseded = field(default_factory=Superseded)


class Follower:
    """Follows the logs that the arguments stand for, from `ensure_running()` until the server stops."""

    def __init__(
        self,
        board: Board,
        specs: Sequence[str],
        watch: str = "auto",
        reading: Reading = DEFAULT,
        *,
        rotated: bool = False,
        max_points: int = 0,
    ) -> None:
        self._board = board
        self._limit = Limit(max_points)
        self._rotated = rotated
        self._specs = specs
        self._watch = watch
        self._reading = reading
        self._first = random.randrange(1, MOST_FIRST)
        """Number of the first generation of each run here."""
        self._tails: dict[str, Tail] = {}
        self._paths: set[str] = set()
        self._slices = Slices(LARGEST_SLICE)
        self._running = False
        self._woken = False
        self._wake = hub.Signal()
        self._first_poll = hub.Signal()
        self._discovered = -DISCOVER
        self._ready = False
        self._last_poll = time.monotonic()
        self._asked_at: float | None = None
        self._asked: Tail | None = None
        """Whose disk was asked last, and when the asking began that has not come back yet."""
        self._stalled = False
        self._told: set[str] = set()

    def ensure_running(self) -> None:
        """Start the loop, once."""
        if not self._running:
            self._running = True
            hub.spawn(self._follow)
            hub.spawn(self._watch_disks)

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
        """The place in this worker's reading of the run that has the same bytes before it."""
        if wanted == START:
            return wanted  # also where nothing of the log is there yet
        tail = self._tails.get(run.name)
        if tail is None or not self._ready or self._stalled:
            return Later.READING
        # The run may have been replaced since the asker got hold of it; only the one that is followed is read on.
        return find(
            tail.run, wanted, lambda generation, *span: hub.off_hub(tail.source.read, generation - self._first, *span)
        )

    # -- the loop --------------------------------------------------------------------------------------

    def _follow(self) -> None:
        while not hub.stopping():
            more = False
            self._asked_at, self._asked = time.monotonic(), None
            try:
                more = self._turn()
            except Exception as error:  # the one loop that must survive; said once per cause
                self._log_once(f"{type(error).__name__}: {error}")
            if not more:
                self._wake.wait(lambda: self._woken, POLL if self._unwatched() else SAFETY_POLL)
            self._woken = False

    def _watch_disks(self) -> None:
        while not hub.stopping():
            self._see_stall()
            hub.pause(1.0)

    def _see_stall(self) -> None:
        """Say so when a disk has not answered for 5 s: all files are read by one thread, which waits for it."""
        if self._stalled or self._asked_at is None or time.monotonic() - self._asked_at < STALLED:
            return
        self._stalled = True
        asked = self._asked
        name = asked.run.name if asked else "the folders"
        for tail in self._tails.values():
            status = tail.run.status
            status.state, status.reason = "stalled", "" if tail is asked else f"the disk of {name}"
            status.revision += 1
        if asked:
            self._say(asked, "stalled", f"the disk of {name} does not answer")
        self._board.notify()

    def _turn(self) -> bool:
        """Poll every source once; True when one of them has more to read."""
        if time.monotonic() - self._discovered >= DISCOVER:
            self._discover()
            self._discovered = time.monotonic()
        tails = list(self._tails.values())
        chunks = hub.off_hub(self._poll_all, tails)
        self._last_poll = time.monotonic()
        self._asked_at, self._stalled = None, False
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
        return any(chunk.more for chunk in chunks)

    def _poll_all(self, tails: list[Tail]) -> list[Chunk]:
        chunks = []
        for tail in tails:
            self._asked = tail
            chunks.append(tail.source.poll())
        return chunks

    def _discover(self) -> None:
        for name, found in hub.off_hub(find_runs, self._specs, self._rotated).items():
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
            overwritten = any(kind in OVERWRITTEN for kind, _ in chunk.notices)
            self._publish(tail, tail.fold.close(whole=not overwritten))
            status.cut_off += tail.fold.cut_off
            tail.fold, tail.fed = Fold(generation, self._reading), 0
            tail.run.begin(generation, continues=chunk.continues)
            status.step = status.total = None
        status.size = chunk.size
        status.late += chunk.late
        for notice in chunk.notices:
            if notice[0] in MAY_COME_AGAIN:
                tail.unsaid.append(notice)
            else:
                self._say(tail, *notice)
        if chunk.hole:
            tail.fold.skip(chunk.hole)
            tail.fed += chunk.hole
        for piece in self._slices.of(chunk.data):
            self._publish(tail, tail.fold.feed(piece))
            tail.fed += len(piece)
            self._observe(tail, chunk)
        while tail.unsaid and not chunk.more:
            self._say(tail, *tail.unsaid.pop(0))
        self._observe(tail, chunk)
        if tail.fold.looks_wide and "looks like UTF-16" not in status.told:
            status.told.add("looks like UTF-16")
            self._say(tail, "utf-16", "looks like UTF-16, but no byte order mark says so: only ASCII is read of it")
        self._note_faults(tail)

    def _publish(self, tail: Tail, batch: Batch) -> None:
        run, status = tail.run, tail.run.status
        if not batch.marks:
            return
        status.points += sum(len(values) for _, values in batch.metrics.values())
        if run.name not in self._board.runs and status.points:
            self._board.add(run)
        if run.lacks_room(batch):
            hub.in_pool(run.make_room, batch)
        self._board.publish(run, batch)
        self._drop_superseded(tail)
        self._keep_within_limit()
        if len(batch.step) and not np.isnan(batch.step[-1]):
            tail.progress.step(float(batch.step[-1]), time.monotonic())
        if not np.isnan(batch.total):
            status.total = batch.total

    def _drop_superseded(self, tail: Tail) -> None:
        """Let go of an earlier generation whose points have all come again."""
        left = tail.superseded.left_of(tail.run)
        if left is not tail.run:
            tail.run = left
            tail.unsaid.clear()
            self._board.replace(left)

    def _keep_within_limit(self) -> None:
        """Thin what is oldest where all runs together hold too many points; nothing is published meanwhile."""
        tails = list(self._tails.values())
        if not self._limit.exceeded(sum(tail.run.points for tail in tails)):
            return
        for tail, run in zip(tails, hub.in_pool(self._limit.kept, [tail.run for tail in tails]), strict=True):
            if run is not tail.run:
                tail.run = run
                self._board.replace(run)
                if TOO_MANY not in run.status.told:
                    run.status.told.add(TOO_MANY)
                    self._say(tail, "thinned", TOO_MANY)

    def _observe(self, tail: Tail, chunk: Chunk) -> None:
        if tail.progress.observe(tail.fold, tail.fed, chunk, time.monotonic(), time.time()):
            self._board.notify()

    def _say(self, tail: Tail, kind: str, text: str) -> None:
        """Keep what happened to the log, tell its viewers, and say it once in the server's log."""
        tail.run.status.note(kind, printable(text), time.time())
        self._board.notify()
        log.warning("%s: %s", ascii(tail.run.name), ascii(text))

    def _note_faults(self, tail: Tail) -> None:
        """Tell the run's viewers what is wrong with the hook, as far as this run has met it."""
        new = [tail.run.status.note_once("hook", printable(text), time.time()) for text in self._reading.faults.take()]
        if any(new):
            self._board.notify()
