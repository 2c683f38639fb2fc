"""Server-sent events as the WHATWG says they are read: any piece of a stream → the events that end in it."""

from typing import NamedTuple

BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event that was dispatched; `last_id` is what a viewer comes back with after it."""

    kind: str
    data: bytes
    last_id: str


class Parser:
    """Reads one connection; `last_id` is the id that the viewer had before it, and the present one then.

    What comes after the last empty line is an event that was cut, and is never given.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self._id, self._kind, self._data = last_id, "message", list[bytes]()
        self._tail = b""
        self._first = True
        self._after_return = False

    def feed(self, piece: bytes) -> list[Event]:
        """The events that end in this piece."""
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]  # the second half of a CRLF whose first half ended the line already
            self._after_return = False
        if not piece:
            return []
        self._after_return = piece.endswith(b"\r")
        lines = (self._tail + piece).splitlines(keepends=True)  # of bytes: CR, LF and CRLF only
        self._tail = b"" if lines[-1].endswith((b"\r", b"\n")) else lines.pop()
        events = []
        for line in lines:
            if self._first:
                line, self._first = line.removeprefix(BOM), False
            event = self._take(line.rstrip(b"\r\n"))
            if event:
                events.append(event)
        return events

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")  # a comment has no name
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode(errors="replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        return None

    def _dispatch(self) -> Event | None:
        self.last_id = self._id
        event = Event(self._kind or "message", b"\n".join(self._data), self.last_id) if self._data else None
        self._kind, self._data = "message", []
        return event
