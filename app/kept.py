"""The last answers that were made, so that many viewers who want the same cost one making."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from app import hub


class Kept:
    """Bytes by what they depend on; the oldest go when there are more than `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._made: dict[Hashable, bytes] = {}
        self._making = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The bytes of a key, made in a native thread where they are not there; one making at a time."""
        with self._making:  # whoever waited finds them made
            if key not in self._made:
                made = self._made[key] = hub.in_pool(make)
                self._size += len(made)
                while self._size > self._most and len(self._made) > 1:
                    self._size -= len(self._made.pop(next(iter(self._made))))
            return self._made[key]
