"""What a training job and its viewers do to a server for weeks, in minutes: lines, rotations, streams, pictures."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tests.sse import Event, Viewer

BLOCK = 250
"""Lines of one write."""
AHEAD = 2_000
"""Lines that may be written before a viewer has them: the writer is as fast as the server follows."""
LINES_PER_ROTATION = 30_000
"""Those of 5 minutes at 100 a second."""
CYCLE = 1000
VALUES = [k % CYCLE / 8 for k in range(10_000)]
"""Of the lines k from 0 on; they come again after a cycle."""


def line(k: int) -> bytes:
    """The k-th line of the log; its loss can be told from it."""
    return b"step=%d loss=%.3f\n" % (k, VALUES[k % CYCLE])


class Counting(Viewer):
    """A viewer that keeps no points: it looks whether each follows the one before, and has the value of its line."""

    def __init__(self, port: int) -> None:
        """Begins with the first line."""
        super().__init__(port)
        self.last = 0
        self.wrong: list[str] = []

    def reload(self) -> None:
        """Goes away and comes back as a page does that is loaded anew: with the cursor of a figure."""
        self.close()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/figure.json", timeout=30) as answer:
            self.id = json.load(answer)["layout"]["meta"]["cursor"]
        self.last = 0

    def _take(self, event: Event | None) -> None:
        if event is None:
            return
        self.id = self.id if event.id is None else event.id
        if event.kind == "reset":
            self.resets += 1
            self.last = 0
        for given in event.value.get("runs", {}).values() if event.kind == "points" else ():
            self._count(given["metrics"]["loss"])

    def _count(self, lists: dict[str, list[float]]) -> None:
        steps, values = lists["step"], lists["value"]
        first = self.last + 1 if self.last else int(steps[0])
        offset = first % CYCLE
        if steps != list(range(first, first + len(steps))) or values != VALUES[offset : offset + len(steps)]:
            self.wrong.append(f"after {self.last}: {steps[0]} to {steps[-1]}, {len(steps)} points")
        self.last = int(steps[-1])


class Writer:
    """A job that writes lines, in a log that is renamed every now and then; it writes on to the old file for a moment.

    `rate` in lines/s; 0: as fast as they are followed.
    """

    def __init__(self, path: Path, rate: float = 0) -> None:
        """Creates the log."""
        self.path, self.rate = path, rate
        self.lines = self.rotations = 0
        self._file = path.open("ab", buffering=0)
        self._began = time.monotonic()
        self._written: deque[tuple[int, float]] = deque()
        self.seconds: list[tuple[float, float]] = []
        """(when, s from the write to the viewer) of the last line of each block, those about a rotation left out."""

    def write(self, followed: int) -> None:
        """Writes what is due, where a viewer has all lines up to `followed`."""
        if self.lines and self.lines % LINES_PER_ROTATION == 0:
            if followed == self.lines:  # no more than one rotation in between: then none can be missed
                self._rotate()
        elif self._due(followed):
            self._append(BLOCK)

    def _due(self, followed: int) -> bool:
        if self.rate:
            return self.lines + BLOCK <= (time.monotonic() - self._began) * self.rate
        return self.lines - followed < AHEAD

    def _append(self, count: int) -> None:
        self._file.write(b"".join(map(line, range(self.lines + 1, self.lines + count + 1))))
        self.lines += count
        self._written.append((self.lines, time.monotonic()))

    def _rotate(self) -> None:
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._append(BLOCK)
        self._file.close()
        self._file = self.path.open("ab", buffering=0)
        self._append(BLOCK)
        self.rotations += 1
        self._written.clear()  # lines of a new file are held back for a while on purpose

    def came(self, followed: int) -> None:
        """A viewer has just got the lines up to this one."""
        now = time.monotonic()
        while self._written and self._written[0][0] <= followed:
            self.seconds.append((now, now - self._written.popleft()[1]))

    def close(self) -> None:
        """Ends the job."""
        self._file.close()


class Coming:
    """Viewers who go and come back: most with their last id, some by loading the page anew."""

    def __init__(self, port: int, count: int, every: float) -> None:
        """Each of `count` viewers goes once in `every` s on average."""
        self.viewers = [Counting(port) for _ in range(count)]
        self.reconnects = 0
        self._pause = every / count
        self._random = random.Random(1)
        self._next = time.monotonic() + self._pause

    def go_and_come(self) -> None:
        """Cuts who is due; `watch` opens the connection again. The first one stays: the writer goes by it."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._pause * self._random.uniform(0, 2)
        viewer = self._random.choice(self.viewers[1:])
        self.reconnects += 1
        if self._random.random() < 0.1:
            viewer.reload()
        else:
            viewer.close()

    def wrong(self) -> Iterator[str]:
        """What viewers got that was not the next line; and that one of them had to begin again."""
        for number, viewer in enumerate(self.viewers):
            yield from (f"viewer {number}: {wrong}" for wrong in viewer.wrong)
            if viewer.resets:
                yield f"viewer {number}: {viewer.resets} resets"
