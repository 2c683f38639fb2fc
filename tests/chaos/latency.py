"""How long a line takes from its writing to the viewers."""

from collections import deque
from typing import Any

import numpy as np

from tests.chaos.points import Ks, Points

RECENT = 200
"""Events of each viewer that are remembered: a line may come before we hear that it was written."""
MOST = 50_000


class Latency:
    """Times of arrival of some lines at some viewers, all by `time.monotonic()`."""

    def __init__(self) -> None:
        self.samples: deque[tuple[float, float]] = deque(maxlen=MOST)
        """(when a line was written, s until it came)."""
        self._recent: dict[str, deque[tuple[float, list[Ks]]]] = {}
        self._awaited: dict[str, dict[int, float]] = {}
        self._told = 0
        self._count = 0

    def add(self, viewer: str) -> None:
        """From now on this one's arrivals count."""
        self._recent[viewer], self._awaited[viewer] = deque(maxlen=RECENT), {}

    def wrote(self, k: int, at: float) -> None:
        """Line k was written at this time."""
        for viewer, recent in self._recent.items():
            came = next((now for now, ks in recent if any(k in some for some in ks)), None)
            if came is None:
                self._awaited[viewer][k] = at
            else:
                self._add(at, came)

    def arrived(self, viewer: str, points: list[Points], now: float) -> None:
        """An event came."""
        ks = [run.loss for run in points if len(run.loss)]
        self._recent[viewer].append((now, ks))
        awaited = self._awaited[viewer]
        for k in [k for k in awaited if any(k in some for some in ks)]:
            self._add(awaited.pop(k), now)

    def lately(self) -> dict[str, Any]:
        """Median and 99th percentile since this was asked last, in s; None where nothing came."""
        new = (
            [seconds for _, seconds in self.samples][-(self._count - self._told) :] if self._count > self._told else []
        )
        self._told = self._count
        p50, p99 = np.percentile(new, [50, 99]).tolist() if new else (None, None)
        return {"p50": p50, "p99": p99, "samples": len(new)}

    def _add(self, at: float, came: float) -> None:
        self.samples.append((at, came - at))
        self._count += 1
