"""The stream: /events sends `points`, `status` and `reset` to each viewer from where it was."""

from __future__ import annotations

import random
from collections.abc import Iterator

from flask import Blueprint, Response, request

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


@bp.get("/events")
def events() -> Response:
    """Server-sent events; resumes exactly from `Last-Event-ID` or `?since=`."""
    found = parts()
    if found.board.clients >= found.settings.max_streams:
        text = f"too many live viewers ({found.settings.max_streams}); use /metrics.json"
        return refuse(503, text, {"Retry-After": "5"})
    asked = view()
    since = request.headers.get("Last-Event-ID") or request.args.get("since", "")
    response = Response(_stream(found, asked, since), headers=HEADERS)
    response.headers["Content-Type"] = "text/event-stream"
    return response


def _stream(found: Parts, asked: View, since: str) -> Iterator[bytes]:
    found.board.clients += 1
    try:
        yield f"retry: {random.randint(1000, 3000)}\n: hello\n\n".encode()
        yield from Stream(found.board, found.follower, found.events, asked).follow(since)
        yield sse_event("status", {"stop": True})
    finally:
        found.board.clients -= 1
