"""The one module that knows gevent, with a plain-threads twin: wake, wait, and leave the loop for blocking calls.

Under the gevent worker `threading` and `time` are patched, so a thread here is a greenlet there. What patching
cannot give is in this file: native threads for blocking calls, and the loop's stat watcher.
"""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple

Args = TypeVarTuple("Args")
T = TypeVar("T")

STOP_POLL = 0.1
STAT_INTERVAL = 1.0
A_MOMENT = 0.0002

_pools: dict[str, Any] = {}
_stopping = threading.Event()
_signals: list[Signal] = []
_watchers: list[Any] = []


def on_gevent() -> bool:
    """Whether this process runs on gevent's loop (the gunicorn worker does; tests and `flask run` do not)."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


def off_hub(call: Callable[[*Args], T], *args: *Args) -> T:
    """Run a file call in the one native thread for files, so that a hung disk never stops the loop."""
    return _native("files", 1, call, *args)


def in_pool(call: Callable[[*Args], T], *args: *Args) -> T:
    """Run work that computes for long (a picture, a compression) in a native thread of its own."""
    return _native("work", 2, call, *args)


def _native(name: str, size: int, call: Callable[[*Args], T], *args: *Args) -> T:
    if not on_gevent():
        return call(*args)  # this thread may block: others go on
    if name not in _pools:
        from gevent.threadpool import ThreadPool

        _pools[name] = ThreadPool(size)
    result: T = _pools[name].apply(call, args)
    return result


def start_no_programs() -> None:
    """Have `subprocess.check_output` say that there is no such program, where gevent's would fail with a TypeError.

    gevent starts programs from the loop's thread only. matplotlib asks fc-list for the fonts when it is first imported,
    which is in a native thread; without an answer it looks into the usual folders.
    """

    def refused(command: Any, **_options: Any) -> bytes:
        raise FileNotFoundError(errno.ENOENT, "no programs are started from here", str(command))

    if on_gevent():
        vars(subprocess)["check_output"] = refused


def spawn(call: Callable[[], None]) -> None:
    """Start a background thread (a greenlet under gevent) that does not keep the process alive."""
    threading.Thread(target=call, daemon=True).start()


def breathe() -> None:
    """Let everybody else on the loop run."""
    # Not 0 on gevent: it then looks at no socket for some turns, and a request waits for ten slices instead of one.
    # Threads take turns by themselves.
    time.sleep(A_MOMENT if on_gevent() else 0)


class Signal:
    """Wakes all who wait, once; waking twice is the same as waking once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        _signals.append(self)

    def notify(self) -> None:
        """Wake everybody who waits now."""
        event, self._event = self._event, threading.Event()
        event.set()

    def wait(self, met: Callable[[], bool], timeout: float) -> bool:
        """Wait until `met()` or `timeout` s have passed or the server stops; True when `met()`."""
        deadline = time.monotonic() + timeout
        while True:
            event = self._event  # taken before the question, so that no notice falls between
            if met():
                return True
            left = deadline - time.monotonic()
            if left <= 0 or _stopping.is_set():
                return False
            event.wait(left)


def changed(path: str, wake: Callable[[], None]) -> bool:
    """Call `wake` whenever the path's stat changes, until the process ends; False where only polling is possible.

    libev calls stat() on the loop itself: only for paths on local file systems.
    """
    if not on_gevent():
        return False
    import gevent

    watcher: Any = gevent.get_hub().loop.stat(path, interval=STAT_INTERVAL)
    watcher.start(wake)
    _watchers.append(watcher)  # libev stops one that nobody holds
    return True


@contextmanager
def while_there(connection: socket.socket) -> Iterator[None]:
    """Raise an OSError in this greenlet, wherever it waits, as soon as who is at the other end is gone.

    Only a write would find out by itself, and mostly only the second one (gunicorn #677). Who closes his half of the
    connection is gone too: no browser does so and reads on.
    """
    if not on_gevent():
        yield
        return
    import gevent

    waiting: Any = gevent.getcurrent()
    watcher: Any = gevent.get_hub().loop.io(connection.fileno(), 1)  # 1: for reading

    def look() -> None:
        error: OSError | None = None
        try:
            if not _peek(connection):
                error = ConnectionResetError(errno.ECONNRESET, "gone")
        except BlockingIOError:
            return
        except OSError as found:
            error = found
        watcher.stop()  # bytes of a next request would be seen again at every turn of the loop, until they are read
        if error:
            waiting.throw(error)

    watcher.start(look)
    try:
        yield
    finally:
        watcher.stop()
        watcher.close()


def _peek(connection: socket.socket) -> bytes:
    """The next byte, which stays there; b"" at the end. From the loop, so it must not wait."""
    before = connection.gettimeout()
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK)
    finally:
        connection.settimeout(before)


def pause(seconds: float) -> None:
    """Rest, but not when the server stops."""
    if not _stopping.is_set():
        time.sleep(seconds)


def stopping() -> bool:
    """Whether the server is going down: streams end, loops leave."""
    return _stopping.is_set()


def stop() -> None:
    """Say that the server is going down, and wake everybody who waits."""
    _stopping.set()
    for signal in _signals:
        signal.notify()


def stop_with(alive: Callable[[], bool]) -> None:
    """Watch over `alive()` in the background and `stop()` when it ends.

    No hook fires in a gevent worker on SIGTERM: gunicorn only puts `worker.alive` to False.
    """

    def watch() -> None:
        while alive():
            time.sleep(STOP_POLL)
        stop()

    spawn(watch)
