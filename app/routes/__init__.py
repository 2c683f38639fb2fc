"""The addresses, one file each.

A route is a file with a Blueprint `bp`, registered by being here. Its views call `board()` and `view()`, answer with
`cached(kept, make, runs, mimetype)` where the answer can be kept, and refuse with `RequestError(status, sentence)`.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar, cast

from flask import Blueprint, Flask, Response, current_app, request

from app import hub
from app.follow import Follower
from app.guard import refuse, shown
from app.kept import Kept
from app.loading import modules_in
from app.settings import Settings
from app.store import Board, Run
from app.stream import Events
from app.view import POINTS, View
from app.wire import format_cursor

T = TypeVar("T")
MOST_KEPT = 16_000_000


@dataclass(frozen=True)
class Parts:
    """What the views work with."""

    settings: Settings
    board: Board
    follower: Follower
    events: Events = field(default_factory=dict)
    figures: Kept = field(default_factory=lambda: Kept(MOST_KEPT))
    pictures: Kept = field(default_factory=lambda: Kept(MOST_KEPT))


class RequestError(Exception):
    """A request that cannot be answered: status and one sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def register(app: Flask) -> None:
    """Register every module of this package."""
    for module in modules_in(__name__):
        app.register_blueprint(cast(Blueprint, module.bp), name=module.__name__)

    @app.errorhandler(RequestError)
    def refused(refusal: RequestError) -> Response:
        return refuse(refusal.status, str(refusal))


def parts() -> Parts:
    """Settings, board and follower of this app; the follower is running."""
    found = cast(Parts, current_app.extensions["tailplot"])
    found.follower.ensure_running()
    return found


def board() -> Board:
    """The board, which the running Follower fills; just after the start, once it has looked at every log."""
    found = parts()
    found.follower.wait_for_first_poll()
    return found.board


def view(points: int = POINTS) -> View:
    """The view that the query asks for.

    Raises:
        RequestError: 400 for a bad value; 404 for runs or metrics that are not there, naming close ones.
    """
    asked = query(lambda given: View.from_query(given, points))
    runs = list(board().runs.values())
    _must_match("run", asked.run, [run.name for run in runs], asked.shows_run)
    metrics = {name: None for run in runs if asked.shows_run(run.name) for name in list(run.metrics)}
    _must_match("metric", asked.metric, list(metrics), asked.shows_metric)
    return asked


def query(read: Callable[[Mapping[str, str]], T]) -> T:
    """What `read` makes of the request's query.

    Raises:
        RequestError: 400 with the sentence of the ValueError that `read` raises.
    """
    try:
        return read(request.args)
    except ValueError as error:
        raise RequestError(400, str(error)) from None


def _must_match(kind: str, asked: str, names: list[str], matches: Callable[[str], bool]) -> None:
    if asked == "*" or not names or any(map(matches, names)):
        return
    close = get_close_matches(asked, names, 3, 0.4) or names[:3]
    raise RequestError(404, f"no {kind} {shown(asked)}; there is " + ", ".join(shown(name) for name in close))


def in_chunks(pieces: Iterator[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """Make the pieces off the hub and join small ones, so that each write to the socket is worth its cost."""
    waiting: list[bytes] = []
    length = 0
    for piece in iter(lambda: hub.in_pool(next, pieces, None), None):
        waiting.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    yield b"".join(waiting)


def cached(kept: Kept, make: Callable[[], bytes], runs: list[Run], mimetype: str) -> Response:
    """The answer to this query while the runs stand where they are: made once for all who ask, off the hub.

    JSON is compressed for who takes that: a figure of 40 runs is 2.5 MB, and a phone waits for each of them.
    """
    zipped = mimetype == "application/json" and "gzip" in request.headers.get("Accept-Encoding", "")
    key = (request.path, zipped, *standing(runs))
    response = Response(mimetype=mimetype)
    response.set_etag(hashlib.sha1(repr(key).encode(), usedforsecurity=False).hexdigest())
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    response.set_data(kept.get(key, (lambda: gzip.compress(make(), 3, mtime=0)) if zipped else make))
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return response


def standing(runs: list[Run]) -> tuple[str, ...]:
    """What an answer about runs depends on: the query and the cursor, and the words of runs without a point."""
    now = time.monotonic()
    words = [run.status.text(run.name, now) for run in runs if not run.status.points]
    return (request.query_string.decode("latin-1"), format_cursor(runs, [run.end for run in runs]), *words)
