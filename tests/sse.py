"""Viewers for the tests: server-sent events read from raw sockets, which may be cut at any byte and come back."""

import json
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One event. `id` is None where it had none, "" where it took the last one back."""

    kind: str
    value: Any
    id: str | None


def event_of(block: bytes) -> Event | None:
    """The event that the lines before an empty one make; None for comments and `retry` alone."""
    fields = dict(line.partition(": ")[::2] for line in block.decode().split("\n") if not line.startswith(":"))
    return Event(fields["event"], json.loads(fields["data"]), fields.get("id")) if "data" in fields else None


class Viewer:
    """One page that is open: it remembers the last id, and comes back with it whenever it is cut off."""

    def __init__(self, port: int, path: str = "/events") -> None:
        self.port, self.path = port, path
        self.id = ""
        self.points: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self.events: list[Event] = []
        self.resets = self.opened = 0
        self.left = 1 << 60
        """Bytes until the connection is cut."""
        self.by_query = False
        """Whether it comes back with `?since=`, and not with the header."""
        self.socket: socket.socket | None = None

    def __str__(self) -> str:
        """How far it has come, for a test that fails."""
        points = {of: len(points) for of, points in list(self.points.items())[:5]}
        return f"{points} resets={self.resets} opened={self.opened} id={self.id[:80]!r} last={self.events[-1:]!s:.300}"

    def open(self) -> None:
        """Asks for the stream, from the last id on."""
        query = f"{'&' if '?' in self.path else '?'}since={self.id}" if self.id and self.by_query else ""
        header = f"Last-Event-ID: {self.id}\r\n" if self.id and not self.by_query else ""
        self.head, self._waiting = b"", b""
        self.socket = socket.create_connection(("127.0.0.1", self.port), 10)
        # HTTP/1.0: no chunks to take apart.
        self.socket.sendall(f"GET {self.path}{query} HTTP/1.0\r\nHost: localhost\r\n{header}\r\n".encode("latin-1"))
        self.opened += 1

    def close(self) -> None:
        """Goes away, in the middle of whatever was being sent."""
        if self.socket:
            self.socket.close()
        self.socket = None

    def read(self) -> None:
        """Takes what has come; half an event waits for its end."""
        assert self.socket
        try:
            piece = self.socket.recv(min(1 << 16, self.left))
        except ConnectionResetError:
            piece = b""
        self.left -= len(piece)
        self._waiting += piece
        if not self.head and b"\r\n\r\n" in self._waiting:
            self.head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
        while self.head and b"\n\n" in self._waiting:
            block, _, self._waiting = self._waiting.partition(b"\n\n")
            self._take(event_of(block))
        if not piece or not self.left:
            self.close()

    def _take(self, event: Event | None) -> None:
        if event is None:
            return
        self.events.append(event)
        self.id = self.id if event.id is None else event.id
        if event.kind == "reset":
            self.resets += 1
            self.points.clear()
        for run, given in event.value.get("runs", {}).items() if event.kind == "points" else ():
            for metric, lists in given["metrics"].items():
                steps = lists["step"] or [0] * len(lists["value"])
                self.points.setdefault((run, metric), []).extend(zip(steps, lists["value"], strict=True))

    def steps(self, run: str = "train", metric: str = "loss") -> list[float]:
        """The steps that came, in the order in which they came."""
        return [step for step, _ in self.points.get((run, metric), [])]


def watch(
    viewers: Sequence[Viewer], met: Callable[[], bool], within: float = 20.0, between: Callable[[], None] | None = None
) -> None:
    """Lets the viewers read, and come back when cut off, until `met()`; `between` is called all the time."""
    deadline = time.monotonic() + within
    while not met():
        assert time.monotonic() < deadline, "\n".join(map(str, viewers))
        if between:
            between()
        for viewer in viewers:
            if viewer.socket is None:
                viewer.open()
        by_socket = {viewer.socket: viewer for viewer in viewers if viewer.socket}
        for ready in select.select(list(by_socket), [], [], 0.02)[0]:
            by_socket[ready].read()
