"""The last answers that were made, so that many viewers who want the same cost one making."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from app import hub

PATIENCE = 10.0


class BusyError(Exception):
    """An answer was not there within 10 s."""


class Kept:
    """Bytes by what they depend on; the oldest go when there are more than `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._made: dict[Hashable, bytes] = {}
        self._making = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The bytes of a key, made in a native thread where they are not there; one making at a time.

        Raises:
            BusyError: they were not there within 10 s, waiting for the turn included. A making that has begun goes on,
                for whoever asks again: it cannot be stopped, and the next one must not begin beside it.
        """
        deadline = time.monotonic() + PATIENCE
        if key in self._made:
            return self._made[key]
        if not self._making.acquire(timeout=PATIENCE):
            raise BusyError
        if key in self._made:  # whoever waited finds them made
            self._making.release()
            return self._made[key]
        made: Future[bytes] = Future()
        hub.spawn(lambda: self._make(key, make, made))
        try:
            return made.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            if made.done():
                raise
            raise BusyError from None

    def _make(self, key: Hashable, make: Callable[[], bytes], made: Future[bytes]) -> None:
        """Make, keep, and give the turn to the next, whether anybody still waits or not."""
        try:
            found = hub.in_pool(make)
        except BaseException as error:
            made.set_exception(error)
        else:
            self._keep(key, found)
            made.set_result(found)
        finally:
            self._making.release()

    def _keep(self, key: Hashable, made: bytes) -> None:
        self._made[key] = made
        self._size += len(made)
        while self._size > self._most and len(self._made) > 1:
            self._size -= len(self._made.pop(next(iter(self._made))))
