"""One Blueprint `bp` a file; every file here is registered by being here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request

from app.figure import runs_in
from app.follow import Follower
from app.guard import refuse, shown
from app.loading import modules_in
from app.settings import Settings
from app.store import Board, Run
from app.view import POINTS, View
from app.viewer import Events


@dataclass(frozen=True)
class Parts:
    """What the views work with."""

    settings: Settings
    board: Board
    follower: Follower
    events: Events = field(default_factory=dict)
    pictures: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    """The last pictures, by revision and query, so that many viewers cost one drawing."""


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
    try:
        asked = View.from_query(request.args, points)
    except ValueError as error:
        raise RequestError(400, str(error)) from None
    runs = list(board().runs.values())
    _must_match("run", asked.run, [run.name for run in runs], asked.shows_run)
    metrics = {name: None for run in runs if asked.shows_run(run.name) for name in list(run.metrics)}
    _must_match("metric", asked.metric, list(metrics), asked.shows_metric)
    return asked


def _must_match(kind: str, asked: str, names: list[str], matches: Callable[[str], bool]) -> None:
    if asked == "*" or not names or any(map(matches, names)):
        return
    close = get_close_matches(asked, names, 3, 0.4) or names[:3]
    raise RequestError(404, f"no {kind} {shown(asked)}; there is " + ", ".join(shown(name) for name in close))


def runs_in_view(asked: View) -> list[Run]:
    """The runs of a view, at most 100."""
    return runs_in(board(), asked)


def in_chunks(pieces: Iterator[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """Join small pieces, so that each write to the socket is worth its cost."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    yield b"".join(waiting)


def cached(make: Callable[[], bytes], mimetype: str) -> Response:
    """The answer to this query while no log changes: made anew only where the client has not got it yet."""
    seen = f"{board().revision}?{request.query_string.decode('latin-1')}"
    response = Response(mimetype=mimetype)
    response.set_etag(hashlib.sha1(f"{os.getpid()} {seen}".encode(), usedforsecurity=False).hexdigest())
    response.headers["Cache-Control"] = "no-cache"
    if request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    response.set_data(make())
    return response
