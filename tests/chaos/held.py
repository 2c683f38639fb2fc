"""What one viewer holds: how often each point came since the last reset, and what came wrong."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.chaos.points import Ks, Points

BLOCK = 1 << 16
FULL = np.ones(BLOCK, np.uint8)
FULL.flags.writeable = False
METRICS = ("loss", "wave")


class Tally:
    """How often each k came. Blocks of which each k came once are one block: a night has millions of points."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []

    def add(self, ks: Ks) -> Ks:
        """Counts them all; those that are held more than once now."""
        again = [np.empty(0, np.int64)]
        blocks = ks // BLOCK
        for number in range(int(blocks.min()), int(blocks.max()) + 1) if len(ks) else ():
            part = ks[blocks == number]
            if len(part):
                block = self._writable(number)
                np.add.at(block, part % BLOCK, 1)
                again.append(np.unique(part[block[part % BLOCK] > 1]))
                if part[-1] % BLOCK == BLOCK - 1 and (block == 1).all():
                    self._blocks[number] = FULL
        return np.concatenate(again)

    def _writable(self, number: int) -> np.ndarray:
        while len(self._blocks) <= number:
            self._blocks.append(np.zeros(BLOCK, np.uint8))
        if self._blocks[number] is FULL:
            self._blocks[number] = FULL.copy()
        return self._blocks[number]

    def __contains__(self, k: int) -> bool:
        """Whether this point is held."""
        return k // BLOCK < len(self._blocks) and bool(self._blocks[k // BLOCK][k % BLOCK])

    def counts(self, length: int = 0) -> np.ndarray:
        """By k, at least so many."""
        length = max(length, len(self._blocks) * BLOCK)
        return np.concatenate([*self._blocks, np.zeros(length - len(self._blocks) * BLOCK, np.uint8)])


class Held:
    """The points of one viewer, its faults, and the id that it would come back with."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        """repeated, wrong, disorder, ids_back, strange: since the beginning, a reset forgives nothing."""
        self.first: dict[str, Any] = {}
        """The first of each of these, for a human."""
        self.clear()

    def clear(self) -> None:
        """Forgets the points, as a page does on `reset`."""
        self.tallies = {metric: Tally() for metric in METRICS}
        self._last: dict[tuple[str, float], int] = {}
        self._cursor: dict[str, tuple[int, int]] = {}

    def take(self, cursor: str, points: list[Points], *, same_worker: bool) -> None:
        """Takes an event; `same_worker`: it comes by the connection that the one before it came by."""
        self._move(cursor, same_worker=same_worker)
        for run in points:
            for metric, ks in (("loss", run.loss), ("wave", run.wave)):
                again = self.tallies[metric].add(ks)
                if len(again):
                    self.blame("repeated", len(again), [metric, int(again[0])])
            if len(run.wrong):
                self.blame("wrong", len(run.wrong), int(run.wrong[0]))
            for name, number in run.strange.items():
                self.blame("strange", number, name)
            for file, ks in run.by_file.items():
                self._order(run.run, file, ks)

    def blame(self, kind: str, number: int, first: Any) -> None:
        """Counts what is wrong."""
        self.faults[kind] += number
        self.first.setdefault(kind, first)

    def _order(self, run: str, file: float, ks: Ks) -> None:
        """In one file that one writer wrote, k rises."""
        before = np.concatenate(([self._last.get((run, file), -1)], ks[:-1]))
        back = ks[ks < before]
        if len(back):
            self.blame("disorder", len(back), int(back[0]))
        self._last[run, file] = int(max(ks[-1], before[0]))

    def _move(self, cursor: str, *, same_worker: bool) -> None:
        """An id has to move on. Another worker numbers the generations in its own way."""
        there = {key: (int(number, 36), int(at, 36)) for key, number, at in _entries(cursor)}
        before = {
            key: place for key, place in self._cursor.items() if same_worker or there.get(key, (-1,))[0] == place[0]
        }
        back = any(there.get(key, (-1, -1)) < place for key, place in before.items())
        if back or (there and there == self._cursor):
            self.blame("ids_back", 1, cursor)
        self._cursor = there

    def verdict(self, expected: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """All that is wrong with what is held now; `expected` has METRIC_must and METRIC_may, by k."""
        faults = Counter(dict.fromkeys(("lost", "repeated", "invented", "wrong", "disorder", "ids_back", "strange"), 0))
        faults.update(self.faults)
        first = {kind: self.first[kind] for kind in sorted(self.first)}
        sha = hashlib.sha256()
        for metric in METRICS:
            must, may = expected[f"{metric}_must"], expected[f"{metric}_may"]
            counts = self.tallies[metric].counts(max(len(must), len(may)))
            must, may = _padded(must, len(counts)), _padded(may, len(counts))
            for kind, bad in {
                "lost": must & (counts == 0),
                "invented": (counts > 0) & ~(must | may),
            }.items():
                found = np.flatnonzero(bad)
                faults[kind] += len(found)
                if len(found):
                    first.setdefault(kind, [metric, int(found[0])])
            sha.update(np.repeat(np.arange(len(counts)), counts).tobytes() + metric.encode())
        return {**faults, "first": first, "sha256": sha.hexdigest()}


def _padded(column: np.ndarray, length: int) -> np.ndarray:
    return np.concatenate([column, np.zeros(length - len(column), bool)])


def _entries(cursor: str) -> list[list[str]]:
    """(key, generation, at) of each run in an event id."""
    entries = [entry.split(".") for entry in cursor.split("~") if entry]
    return [entry[:3] for entry in entries if len(entry) == 4]
