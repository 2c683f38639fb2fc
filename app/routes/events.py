"""The stream: /events sends `points`, `status` and `reset` to each viewer from where it was."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import nullcontext

from flask import Blueprint, Response, request

from app import descriptors, hub, sockets
from app.guard import refuse
from app.routes import Parts, parts, view
from app.stream import Stream
from app.view import View
from app.wire import sse_event

bp = Blueprint("events", __name__)

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


PIECE = 16 * 1024
"""Bytes of one write: of a large event, a slow reader must be able to take that much while a deadline runs."""


@bp.get("/events")
def events() -> Response:
    """Server-sent events; resumes exactly from `Last-Event-ID` or `?since=`."""
    found, asked = parts(), view()
    connection: socket.socket | None = request.environ.get("gunicorn.socket")  # no other server gives it
    full = _full(found, connection)  # asked last: until the stream has begun, nobody else has a turn
    if full:
        if connection:
            sockets.last_answer(connection)
        return refuse(503, f"too many live viewers ({full}); use /metrics.json", {"Retry-After": "5"})
    since = request.headers.get("Last-Event-ID") or request.args.get("since", "")
    response = Response(_stream(found, asked, since, connection), headers=HEADERS)
    response.headers["Content-Type"] = "text/event-stream"
    return response


def _full(found: Parts, connection: socket.socket | None) -> str:
    """What keeps one more stream from being opened; "" for nothing."""
    if found.board.clients >= found.settings.max_streams:
        return str(found.settings.max_streams)
    if connection and not descriptors.room_for_streams(connection.fileno()):
        return f"{found.board.clients}: the system allows {descriptors.limit()} open files here, see ulimit -n"
    return ""


def _stream(found: Parts, asked: View, since: str, connection: socket.socket | None) -> Iterator[bytes]:
    if connection:
        sockets.begin_stream(connection)
    found.board.clients += 1
    try:
        with hub.while_there(connection) if connection else nullcontext():
            yield f"retry: {random.randint(1000, 3000)}\n: hello\n\n".encode()
            for frame in Stream(found.board, found.follower, found.events, asked).follow(since):
                for start in range(0, len(frame), PIECE):
                    yield frame[start : start + PIECE]
            yield sse_event("status", {"stop": True})
    finally:
        found.board.clients -= 1
