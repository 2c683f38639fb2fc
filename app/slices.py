"""Much work in slices of about 2 ms each, so that the others on the loop have their turn between."""

from __future__ import annotations

import time
from collections.abc import Iterator

from app import hub

SLICE_SECONDS = 0.002
SMALLEST = 1024


class Slices:
    """Remembers how many bytes are 2 ms of work."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._size = SMALLEST

    def of(self, content: bytes) -> Iterator[bytes]:
        """The bytes piece by piece; what is done with a piece before the next one is asked for is its work."""
        at = 0
        while at < len(content):
            piece = content[at : at + self._size]
            at += len(piece)
            before = time.perf_counter()
            yield piece
            self._adapt(len(piece), time.perf_counter() - before)
            hub.breathe()

    def _adapt(self, size: int, seconds: float) -> None:
        fitting = int(size * SLICE_SECONDS / max(seconds, 1e-6))
        self._size = max(SMALLEST, min(fitting, 2 * self._size, self._largest))
