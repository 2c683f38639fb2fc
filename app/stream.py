"""The stream of one viewer: a cursor into the board, and the bytes that bring it up to date."""

from __future__ import annotations

import time
from collections.abc import Iterator

from app import hub
from app.follow import Follower
from app.resume import Later
from app.rows import START, Position
from app.store import Board, Run
from app.view import View
from app.wire import Cursor, parse_cursor, points_event, sse_event

BETWEEN_EVENTS = 0.05
STATUS_EVERY = 8.0
"""Seconds after which a viewer hears of the state again: its page takes 35 s of silence for a dead link."""
PATIENCE = 1.0
"""Seconds for which a position that is not there may still turn up: another worker may have read further."""
MOST_EVENTS = 32

Events = dict[tuple[object, ...], tuple[bytes, list[Position]]]
"""The last events, by cursor and revision, with where they lead: made once, however many viewers want them."""


class Stream:
    """One open stream: a cursor into the board, nothing more."""

    def __init__(self, board: Board, follower: Follower, events: Events, view: View) -> None:
        self._board, self._follower, self._events = board, follower, events
        self._view = view
        self._cursor: Cursor = {}
        """The place of each run that the viewer has named."""
        self._runs: list[Run] = []
        self._positions: list[Position] = []
        """Of the runs, in their order; the last runs have none as long as their place is being looked for."""
        self._told: dict[str, int] = {}
        """Revision of each run's status that the viewer has heard of."""
        self._told_at = 0.0
        self._replaced = board.replaced

    def follow(self, since: str) -> Iterator[bytes]:
        """Everything after the cursor, then all that comes, until the server stops."""
        cursor = parse_cursor(since) if since else {}
        if cursor is None:
            yield self._reset()
        else:
            self._cursor = cursor
        yield from self._place()
        while not hub.stopping():
            revision = self._board.revision
            if self._board.replaced != self._replaced:
                yield from self._take_over()
            self._add_new_runs()
            if self._new_runs():
                yield from self._place()
            frame = self._points(revision) + self._status()
            if frame:
                yield frame
                hub.pause(BETWEEN_EVENTS)
            else:
                self._board.wait(revision, STATUS_EVERY)

    def _place(self) -> Iterator[bytes]:
        """Find where the runs that are new here go on; heartbeats while a log is still being read.

        An id names all runs that have come, so none goes out while runs that the cursor knows are still to come: a
        worker that has just started shows them one by one.
        """
        absent_since: float | None = None
        while not hub.stopping():
            revision = self._board.revision
            self._add_new_runs()
            found = [self._follower.find(run, self._cursor.get(run.key, START)) for run in self._new_runs()]
            positions = [place for place in found if isinstance(place, Position)]
            if len(positions) == len(found) and not self._awaits():
                self._positions = self._positions + positions
                return
            if Later.ABSENT in found:
                absent_since = absent_since or time.monotonic()
                if time.monotonic() - absent_since >= PATIENCE:
                    yield self._reset()
                    return
            else:
                absent_since = None
            yield self._status() or b": reading\n\n"
            self._board.wait(revision, 0.5)
            hub.pause(BETWEEN_EVENTS)

    def _reset(self) -> bytes:
        """From the first point of every run, also of those that come up later."""
        self._cursor = {}
        self._positions = [START for run in self._runs]
        return sse_event("reset", {}, "")

    def _take_over(self) -> Iterator[bytes]:
        """Go on with the runs that took the place of others, or begin again.

        Again where points that were sent are not in a run any more, or what follows them was thinned.
        """
        self._replaced = self._board.replaced
        before, self._runs = self._runs, [self._board.runs[run.name] for run in self._runs]
        placed = zip(self._runs, before, self._positions, strict=False)  # the last runs may have no place yet
        if not all(new is old or new.goes_on(old, position) for new, old, position in placed):
            yield self._reset()

    def _add_new_runs(self) -> None:
        if len(self._board.runs) != len(self._runs):
            known = {run.name for run in self._runs}
            self._runs = self._runs + [run for run in self._view.runs_in(self._board) if run.name not in known]

    def _new_runs(self) -> list[Run]:
        return self._runs[len(self._positions) :]

    def _awaits(self) -> bool:
        """Whether runs that the cursor names may still come up."""
        return not self._cursor.keys() <= {run.key for run in self._runs} and self._follower.reading()

    def _points(self, revision: int) -> bytes:
        """The next event; b"" where no point comes."""
        while True:
            frame, positions = self._event(revision)
            moved = positions != self._positions
            self._positions = positions
            if frame or not moved:  # bytes without points may lie between two generations
                return frame

    def _event(self, revision: int) -> tuple[bytes, list[Position]]:
        key = (tuple(run.key for run in self._runs), tuple(self._positions), revision)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = points_event(self._runs, self._positions)
            while len(self._events) > MOST_EVENTS:
                del self._events[next(iter(self._events))]
        return event

    def _status(self) -> bytes:
        """What changed in the states since this viewer last heard of them; b"" for nothing."""
        now = time.monotonic()
        due = now - self._told_at >= STATUS_EVERY
        news = {}
        for run in self._runs:
            if self._told.get(run.name) != run.status.revision:
                self._told[run.name] = run.status.revision
                news[run.name] = run.status.shown(run.name, now)
        if not news and not due:
            return b""
        self._told_at = now
        return sse_event("status", {"runs": news})
